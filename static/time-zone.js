// Chooses the time zone of the browser where the form still shows the one it came with.
// Without it the form works as well: the zone is then chosen by hand.
const zones = document.querySelector("select[name='time_zone']");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zones && zones.value === "UTC" && [...zones.options].some((zone) => zone.value === here)) {
  zones.value = here;
}

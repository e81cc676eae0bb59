"""Admin of people and their roles, agents, API keys, letters and the log of acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401 - registered here, so that it can be taken off below
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm

from accounts import callback_admin  # noqa: F401 - registers where and what we call back
from accounts.admin_base import (
    NOTHING,
    HouseAdmin,
    LongTableAdmin,
    ReadOnlyAdmin,
    facts_table,
    instant,
    link_to,
)
from accounts.admin_forms import NewApiKey, NewUser
from accounts.api_keys import make_key, revoke
from accounts.letters import compose, try_again
from accounts.models import Act, Agent, ApiKey, Letter, Membership, User

if TYPE_CHECKING:
    _UserAdmin = auth_admin.UserAdmin[Any]
    _GroupAdmin = auth_admin.GroupAdmin
else:
    _UserAdmin = auth_admin.UserAdmin
    _GroupAdmin = auth_admin.GroupAdmin

OUR_FLOORS = ("accounts", "wallet", "invoices", "payments", "plans", "usage")

# Their pages show second factors and are not for staff; who has one is on the user's page.
for model in (EmailAddress, Authenticator, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class UserAdmin(_UserAdmin, HouseAdmin):
    """People. Only a superuser says who may do what, and changes another superuser."""

    form = UserChangeForm
    add_form = NewUser
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "roles", "staff", "second_factor", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "created_at", "roles", "second_factor")
    filter_horizontal = ()
    autocomplete_fields = ("groups",)
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "is_active", "roles")}),
        (
            "Staff",
            {"fields": ("is_staff", "is_superuser", "second_factor", "groups")},
        ),
        ("Dates", {"fields": ("created_at", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people.prefetch_related("memberships__organization", "authenticator_set")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Leave what gives power to superusers."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser:
            return fixed
        return (*fixed, "is_staff", "is_superuser", "groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete nobody: what people did stays theirs. Take “active” away instead."""
        return False

    @display(description="Member of")
    def roles(self, person: User) -> str:
        return (
            ", ".join(f"{m.organization} ({m.role})" for m in person.memberships.all()) or NOTHING
        )

    @display(description="Staff", boolean=True, ordering="is_staff")
    def staff(self, person: User) -> bool:
        return person.is_staff

    @display(description="Second factor", boolean=True)
    def second_factor(self, person: User) -> bool:
        return any(
            factor.type == Authenticator.Type.TOTP
            for factor in person.authenticator_set.all()  # type: ignore[attr-defined]  # allauth has no types
        )


@admin.register(Group)
class GroupAdmin(_GroupAdmin, HouseAdmin):
    """What groups of staff may see and do; only superusers say so."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **options: Any
    ) -> Any:
        """Offer the permissions that a page of ours asks for, not those of every library."""
        if db_field.name == "permissions":
            ours = Permission.objects.filter(content_type__app_label__in=OUR_FLOORS)
            options["queryset"] = ours
        return super().formfield_for_manytomany(db_field, request, **options)


@admin.register(Membership)
class MembershipAdmin(HouseAdmin):
    """Who belongs to which organization, and sees its billing pages or not."""

    list_display = ("user", "organization", "role")
    list_select_related = ("user", "organization")
    list_filter = (("role", ChoicesDropdownFilter),)
    search_fields = ("user__email", "user__name", "organization__name")
    autocomplete_fields = ("user", "organization")


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    """Agents, as the platform or their owners set them."""

    list_display = ("name", "organization", "external_id", "when_exhausted", "monthly_limit")
    list_select_related = ("organization",)
    list_filter = (("when_exhausted", ChoicesDropdownFilter),)
    search_fields = ("name", "external_id", "organization__name")


@admin.register(ApiKey)
class ApiKeyAdmin(HouseAdmin):
    """Keys of programs: made here, shown once, revoked; never changed or deleted."""

    form = NewApiKey
    list_display = ("name", "shown_prefix", "acts_for", "shown_scopes", "state", "last_used_at")
    list_select_related = ("organization",)
    list_filter = (("created_at", RangeDateTimeFilter),)
    search_fields = ("name", "prefix", "organization__name")
    autocomplete_fields = ("organization",)
    actions = ("revoke_selected",)
    actions_detail = ("revoke_one",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        asked = ("name", "organization", "scopes", "expires_at")
        return asked if obj is None else (*asked, "prefix", "state", "created_at", "last_used_at")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Offer one way to save: the page that follows shows the secret."""
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make the key by its verb; the secret is kept just long enough to be shown."""
        made, secret = make_key(
            obj.name,
            organization=obj.organization,
            scopes=obj.scopes,
            expires_at=obj.expires_at,
            now=timezone.now(),
        )
        obj.pk, obj.prefix, obj.secret = made.pk, made.prefix, secret

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the new key, this once."""
        context = {**self.admin_site.each_context(request), "title": "API key made", "key": obj}
        response = TemplateResponse(request, "admin/accounts/apikey/made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Revoke…", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> HttpResponse | None:
        """Revoke the selected keys, once that was confirmed."""
        if "confirmed" not in request.POST:
            return self._ask_to_revoke(request, list(keys))
        now = timezone.now()
        for key in keys:
            revoke(key, now=now)
            self.log_change(request, key, "Revoked")
        self.message_user(request, f"Revoked: {', '.join(key.name for key in keys)}.")
        return None

    @action(description="Revoke", permissions=["revoke"], url_path="revoke", icon="key_off")
    def revoke_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask whether this key is to be revoked; the answer is the list's own action."""
        key = self.get_object(request, str(object_id))
        if key is None:
            raise Http404("There is no such key.")
        return self._ask_to_revoke(request, [key])

    def _ask_to_revoke(self, request: HttpRequest, keys: list[ApiKey]) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": "Revoke", "keys": keys}
        return TemplateResponse(request, "admin/accounts/apikey/revoke.html", context)

    @display(description="Begins with")
    def shown_prefix(self, key: ApiKey) -> SafeString:
        return format_html("<code>{}…</code>", key.prefix)

    @display(description="Acts for")
    def acts_for(self, key: ApiKey) -> SafeString | str:
        return link_to(key.organization) if key.organization else "Every organization"

    @display(description="May")
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes) or NOTHING

    @display(description="State", label={"live": "success", "revoked": "danger", "expired": None})
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return "revoked"
        return "live" if key.is_valid(timezone.now()) else "expired"


@admin.register(Letter)
class LetterAdmin(LongTableAdmin):
    """Mail that is owed or was sent; parked is what could not be sent and waits for a person."""

    list_display = ("code", "organization", "shown_status", "due_at", "sent_at", "error")
    list_select_related = ("organization",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    search_exactly = ("code", "document_number")
    search_help_text = "Organization, letter's code or document's number"
    ordering = ("-id",)
    fields = (
        ("code", "shown_status"),
        ("organization", "document_number"),
        ("created_at", "sent_at"),
        ("due_at", "attempts"),
        "last_error",
        "mail",
    )

    actions = ("mail_again",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_letter")

    @admin.action(description="Mail again", permissions=["retry"])
    def mail_again(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        """Let parked letters be mailed again."""
        now = timezone.now()
        for letter in queryset:
            try_again(letter, now=now)
        self.message_user(request, "Parked ones among them are mailed within a minute.")

    @display(
        description="Status",
        ordering="status",
        label={"Sent": "success", "Waiting": "info", "Parked": "danger"},
    )
    def shown_status(self, letter: Letter) -> str:
        return letter.get_status_display()

    @display(description="Last error")
    def error(self, letter: Letter) -> str:
        return letter.last_error[:80]

    @display(description="Mail")
    def mail(self, letter: Letter) -> SafeString | str:
        """Write the mail as it reads now."""
        try:
            mail = compose(letter)
        except TemplateDoesNotExist as error:
            return f"There is no template {error}."
        return format_html(
            '<pre class="op-mail">To: {}\nSubject: {}\n\n{}</pre>',
            ", ".join(mail.to) or "nobody",
            mail.subject,
            mail.body,
        )


@admin.register(Act)
class ActAdmin(LongTableAdmin):
    """Who did what to whom, when and why."""

    list_display = ("at", "organization", "summary", "who", "reason")
    list_select_related = ("organization", "actor")
    list_filter = (("at", RangeDateTimeFilter),)
    search_exactly = ("verb", "actor__email")
    search_help_text = "Organization, verb or staff member's email"
    fields = ("at_exactly", "organization", "who", "summary", "reason", "was", "became")

    @display(description="At (UTC)")
    def at_exactly(self, act: Act) -> str:
        return instant(act.at)

    @display(description="By", ordering="actor")
    def who(self, act: Act) -> str:
        return str(act.actor) if act.actor else "by itself"

    @display(description="Before")
    def was(self, act: Act) -> SafeString | str:
        return facts_table(act.before)

    @display(description="After")
    def became(self, act: Act) -> SafeString | str:
        return facts_table(act.after)

"""The platform provisions organizations and says what they have and rent."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_shapes import (
    CountryField,
    CurrencyField,
    IdField,
    LineField,
    StrictSerializer,
    TextField,
    TimeZoneField,
)
from accounts.api_views import (
    PROVISION,
    READ,
    ApiView,
    organization_named,
    read_as,
    require_platform_key,
    written_as,
)
from accounts.models import Organization
from plans.amending import amend
from plans.enrolling import Enrolment, enrol
from plans.models import Rental, ResourceCount
from plans.provisioning import NewOrganization
from plans.renting import give_back, rent
from plans.resources import KNOWN, MOST, report_resources

TAG = "Provisioning"
ACME = {
    "external_id": "acme",
    "name": "Acme",
    "time_zone": "Asia/Kolkata",
    "currency": "USD",
    "country": "IN",
}
ACME_WHOLE = {
    **ACME,
    "email": "",
    "billing_name": "Acme Private Limited",
    "billing_address": "1 Main Street\nPune",
    "tax_id": "",
    "suspended": False,
    "created_at": "2026-03-01T03:30:00Z",
}


class OwnerSerializer(StrictSerializer):
    """Who owns the organization; a known address keeps its log-in."""

    email = serializers.EmailField(max_length=254)
    name = LineField(max_length=200, allow_blank=True)


class NewOrganizationSerializer(StrictSerializer):
    """An organization to be provisioned."""

    external_id = IdField(help_text="The platform's own id; every address names it so.")
    name = LineField(max_length=200)
    time_zone = TimeZoneField(help_text="IANA, such as `Asia/Kolkata`: its days begin there.")
    currency = CurrencyField(help_text="ISO 4217; one in which credits are sold.")
    country = CountryField(required=False, allow_blank=True, default="")
    owner = OwnerSerializer()
    plan = LineField(
        max_length=40, required=False, allow_null=True, default=None,
        help_text="The code of a plan to begin with, and to be invoiced for, instead of the trial.",
    )  # fmt: skip

    def enrolment(self) -> Enrolment:
        """Answer what is asked for."""
        given: dict[str, Any] = dict(self.validated_data)
        owner, plan = given.pop("owner"), given.pop("plan")
        return Enrolment(NewOrganization(**given), owner["email"], owner["name"], plan)


class DetailsSerializer(StrictSerializer):
    """What can be changed of an organization; what is left out stays as it is."""

    name = LineField(max_length=200)
    time_zone = TimeZoneField(help_text="For periods that begin from now on.")
    currency = CurrencyField(help_text="Only until the first invoice or purchase.")
    email = serializers.EmailField(
        max_length=254, allow_blank=True, help_text="Where letters about money go."
    )
    country = CountryField(allow_blank=True)
    billing_name = LineField(max_length=200, allow_blank=True, help_text="On future documents.")
    billing_address = TextField(max_length=1000, allow_blank=True)
    tax_id = LineField(max_length=40, allow_blank=True)


class OrganizationSerializer(serializers.Serializer[Any]):
    """An organization."""

    external_id = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    currency = serializers.CharField()
    country = serializers.CharField()
    email = serializers.CharField()
    billing_name = serializers.CharField()
    billing_address = serializers.CharField()
    tax_id = serializers.CharField()
    suspended = serializers.BooleanField(source="is_suspended")
    created_at = serializers.DateTimeField()


class ResourcesSerializer(StrictSerializer):
    """How many of each are in use; what is left out stays as it was."""

    def get_fields(self) -> dict[str, Any]:
        """One count for each resource that is known."""
        return {
            name: serializers.IntegerField(min_value=0, max_value=MOST, required=False)
            for name in KNOWN
        }


class RentalSerializer(serializers.Serializer[Any]):
    """Something that is rented."""

    item = serializers.CharField()
    reference = serializers.CharField(help_text="Which one: the number, the seat.")
    began_at = serializers.DateTimeField()
    began_on = serializers.DateField(help_text="In the organization's time zone.")


class OrganizationsView(ApiView):
    """All organizations, of which the platform makes new ones."""

    scopes = {"POST": PROVISION}

    @documented(
        name="provision_organization",
        tag=TAG,
        summary="Provision an organization",
        request=NewOrganizationSerializer,
        answers={201: OrganizationSerializer, 200: OrganizationSerializer},
        errors=(409, 422),
        asked={
            "On the trial": {**ACME, "owner": {"email": "asha@acme.example", "name": "Asha"}},
            "On a plan": {
                **ACME,
                "owner": {"email": "asha@acme.example", "name": "Asha"},
                "plan": "starter",
            },
        },
        answered={"The organization": ACME_WHOLE},
    )
    def post(self, request: Request) -> Response:
        """Make an organization with its owner, and start the trial or the given plan.

        Keyed by `external_id`: the same request again answers the same organization (200) and
        makes nothing; the same id with other content is 409. Platform keys only.
        """
        require_platform_key(request)
        asked = NewOrganizationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        organization, created = enrol(asked.enrolment(), now=timezone.now())
        return written_as(OrganizationSerializer, organization, status=201 if created else 200)


class OrganizationView(ApiView):
    """One organization."""

    scopes = {"GET": READ, "PATCH": PROVISION}

    @documented(
        name="get_organization",
        tag=TAG,
        summary="Read an organization",
        answers={200: OrganizationSerializer},
        errors=(404,),
        answered={"The organization": ACME_WHOLE},
    )
    def get(self, request: Request, external_id: str) -> Response:
        """Answer name, time zone and billing details."""
        return written_as(OrganizationSerializer, organization_named(request, external_id))

    @documented(
        name="change_organization",
        tag=TAG,
        summary="Change an organization's details",
        request=DetailsSerializer(partial=True),
        answers={200: OrganizationSerializer},
        errors=(404, 422),
        asked={"A new name": {"name": "Acme India", "billing_name": "Acme Private Limited"}},
        answered={"The organization": {**ACME_WHOLE, "name": "Acme India"}},
    )
    def patch(self, request: Request, external_id: str) -> Response:
        """Change what is given, for the future: nothing that runs or is printed changes.

        A new time zone decides the days of periods that begin from then on. The currency can
        change until the first invoice or purchase. Billing details go on future documents.
        """
        changes = read_as(DetailsSerializer, request.data, partial=True)
        organization = organization_named(request, external_id)
        changed = amend(organization, changes, now=timezone.now())
        return written_as(OrganizationSerializer, changed)


class ResourcesView(ApiView):
    """How many of each resource an organization has."""

    scopes = {"PUT": PROVISION}

    @documented(
        name="report_resources",
        tag=TAG,
        summary="Say how many of each resource are in use",
        request=ResourcesSerializer,
        answers={200: ResourcesSerializer},
        errors=(404,),
        asked={"Two counts": {"agents": 3, "leads": 80}},
        answered={"All that are known": {"agents": 3, "campaigns": 1, "leads": 80}},
    )
    def put(self, request: Request, external_id: str) -> Response:
        """Take over the counts that are given, and answer all that are known."""
        counts = read_as(ResourcesSerializer, request.data)
        organization = organization_named(request, external_id)
        report_resources(organization, counts=counts, now=timezone.now())
        known = ResourceCount.objects.filter(organization=organization).order_by("resource")
        return Response(dict(known.values_list("resource", "used")))


class RentalView(ApiView):
    """One rented thing: a phone number, a seat, a licence."""

    scopes = {"PUT": PROVISION, "DELETE": PROVISION}

    @documented(
        name="begin_rental",
        tag=TAG,
        summary="Begin to rent something",
        answers={200: RentalSerializer},
        errors=(400, 404, 422),
        answered={
            "A phone number": {
                "item": "phone_number",
                "reference": "+14155550100",
                "began_at": "2026-03-11T03:30:00Z",
                "began_on": "2026-03-11",
            }
        },
    )
    def put(self, request: Request, external_id: str, item: str, reference: str) -> Response:
        """Begin a rental; one that is held under this reference is answered as it is."""
        reference = IdField().run_validation(reference)
        organization = organization_named(request, external_id)
        held = rent(organization, item=item, reference=reference, now=timezone.now())
        return written_as(RentalSerializer, held)

    @documented(
        name="end_rental",
        tag=TAG,
        summary="Give something back",
        answers={204: None},
        errors=(400, 404),
    )
    def delete(self, request: Request, external_id: str, item: str, reference: str) -> Response:
        """End a rental: it costs nothing any more. Once more changes nothing; unknown is 404."""
        item, reference = IdField().run_validation(item), IdField().run_validation(reference)
        organization = organization_named(request, external_id)
        if not give_back(organization, item=item, reference=reference, now=timezone.now()):
            _require_known(organization, item, reference)
        return Response(status=204)


def _require_known(organization: Organization, item: str, reference: str) -> None:
    earlier = Rental.objects.filter(organization=organization, item=item, reference=reference)
    if not earlier.exists():
        raise NotFound("Nothing was ever rented under this reference.")


urlpatterns: list[URLPattern] = [
    path("organizations/", OrganizationsView.as_view()),
    path("organizations/<str:external_id>/", OrganizationView.as_view()),
    path("organizations/<str:external_id>/resources/", ResourcesView.as_view()),
    path(
        "organizations/<str:external_id>/rentals/<str:item>/<str:reference>/", RentalView.as_view()
    ),
]

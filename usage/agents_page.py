"""Agents' limits: how far each agent may spend, and what it has spent this month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.agents import put_agent
from accounts.choosing import billing_page, person
from accounts.models import Agent, Organization
from accounts.paging import page_of
from accounts.refusals import Refusal
from usage.forms import AgentForm
from usage.models import UsageDay
from wallet.credits import ZERO, plain


@dataclass(frozen=True, slots=True)
class Spender:
    """An agent, and the credits charged for it in the running month."""

    agent: Agent
    spent: Decimal


@require_safe
@billing_page
def agents(request: HttpRequest, organization: Organization) -> HttpResponse:
    """List the agents with their limits, newest first, in two statements."""
    page = page_of(Agent.objects.filter(organization=organization), request.GET)
    spent = _spent(page.rows, today=organization.today(timezone.now()))
    spenders = [Spender(agent, spent.get(agent.pk, ZERO)) for agent in page.rows]
    return render(request, "usage/agents.html", {"page": page, "spenders": spenders})


@require_http_methods(["GET", "HEAD", "POST"])
@billing_page
def agent(request: HttpRequest, organization: Organization, agent_id: int) -> HttpResponse:
    """Show an agent's settings; posted, change them."""
    found = get_object_or_404(Agent, organization=organization, pk=agent_id)
    now = timezone.now()
    form = AgentForm(request.POST if request.method == "POST" else None, initial=_initial(found))
    if form.is_bound and form.is_valid():
        try:
            put_agent(
                organization,
                external_id=found.external_id,
                name=found.name,
                now=now,
                actor=person(request),
                **form.cleaned_data,
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"{found.name} is changed. It counts for what starts next.")
            return redirect("agents")
    spent = _spent([found], today=organization.today(now))
    context = {"form": form, "spender": Spender(found, spent.get(found.pk, ZERO))}
    return render(request, "usage/agent.html", context)


def _initial(agent: Agent) -> dict[str, str]:
    limit = agent.monthly_limit
    return {
        "when_exhausted": agent.when_exhausted,
        "monthly_limit": "" if limit is None else plain(limit),
    }


def _spent(agents: list[Agent], *, today: dt.date) -> dict[int, Decimal]:
    """Answer the credits charged for agents in the calendar month of a day."""
    theirs = UsageDay.objects.filter(organization__in={agent.organization_id for agent in agents})
    days = theirs.filter(agent__in=agents, day__gte=today.replace(day=1))
    return dict(days.order_by().values_list("agent").annotate(Sum("credits")))

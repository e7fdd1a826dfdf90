"""`quillgate cost`: what a month on AWS costs. It asks nobody: neither AWS nor an environment."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from quillgate.costs.estimate import ASSUMED, Estimate, Line, estimate
from quillgate.costs.prices import prices
from quillgate.costs.workload import Endpoint, Workload

_SMALLEST = 0.005  # what rounds to a cent


def cost(  # noqa: PLR0913, PLR0917 - the options of the command
    uploads_per_day: Annotated[float, typer.Option(help="Files that customers upload in a day.")],
    gigabytes_per_month: Annotated[float, typer.Option(help="What these are, in a month.")],
    downloaded_gigabytes: Annotated[
        float, typer.Option(help="What customers download in a month.")
    ] = 0,
    stories_per_upload: Annotated[float, typer.Option(help="Stories Quill writes for each.")] = 1,
    customers: Annotated[int, typer.Option(help="Customers that have a folder.")] = 10,
    months_kept: Annotated[float, typer.Option(help="Months that files are kept.")] = 12,
    endpoint: Annotated[
        Endpoint, typer.Option(help="vpc: static addresses and a list of client networks.")
    ] = "public",
    addresses: Annotated[int, typer.Option(help="Static addresses, with --endpoint vpc.")] = 2,
    own_key: Annotated[bool, typer.Option("--own-key", help="A KMS key of one's own.")] = False,
    region: Annotated[str, typer.Option(help="A region the price table has.")] = "us-east-1",
    json: Annotated[bool, typer.Option("--json", help="As one object of JSON.")] = False,
) -> None:
    """Estimate what a month on AWS costs, service by service.

    Example: quillgate cost --uploads-per-day 500 --gigabytes-per-month 40
    """
    work = Workload(
        uploads_per_day=uploads_per_day,
        gigabytes_per_month=gigabytes_per_month,
        downloaded_gigabytes=downloaded_gigabytes,
        stories_per_upload=stories_per_upload,
        customers=customers,
        months_kept=months_kept,
        endpoint=endpoint,
        addresses=addresses,
        own_key=own_key,
    )
    found = estimate(work, prices(region))
    if json:
        typer.echo(json_module.dumps(_as_object(work, found), default=str))
        return
    for line in told(work, found):
        typer.echo(line)


def told(work: Workload, found: Estimate) -> Iterator[str]:
    """The estimate for people, line by line."""
    yield (
        f"a month in {found.region}: {work.uploads_per_day:,g} uploads a day, "
        f"{work.gigabytes_per_month:,g} GB in, {work.downloaded_gigabytes:,g} GB out; in USD"
    )
    yield ""
    yield from map(_row, found.lines)
    yield f"{'together':<67}{found.usd:>12,.2f}"
    yield ""
    yield f"* price not verified with AWS: {found.unverified_usd:,.2f} rest on such"
    yield (
        f"if nobody uses it: {found.idle_usd:,.2f} a month. The endpoint is billed by the "
        "hour, even when it is stopped."
    )
    yield "The embedded environment costs nothing: each stack it takes the place of saves that."
    yield ""
    yield from (f"- {each}" for each in (_checked(found), *ASSUMED))


def _row(line: Line) -> str:
    use, price = line.use, line.price
    quantity = f"{use.quantity:,.0f}" if use.quantity >= 100 else f"{use.quantity:,.3g}"
    usd = f"{line.usd:,.2f}" if line.usd >= _SMALLEST or not line.usd else "<0.01"
    mark = " " if price.verified else "*"
    return (
        f"{use.service:<16}{use.what:<26}{quantity:>13} {price.unit:<11}{usd:>12} {mark} {use.why}"
    )


def _checked(found: Estimate) -> str:
    days = sorted({line.price.checked for line in found.lines})
    return (
        f"prices as of {days[0]} to {days[-1]}; those without * are from dated copies of AWS's own "
        "pages, which --json names: look there before you decide"
    )


def _as_object(work: Workload, found: Estimate) -> dict[str, object]:
    return {
        "region": found.region,
        "currency": "USD",
        "workload": asdict(work),
        "lines": [{**asdict(it.use), "usd": it.usd, "of": asdict(it.price)} for it in found.lines],
        "usd": found.usd,
        "unverified_usd": found.unverified_usd,
        "idle_usd": found.idle_usd,
        "assumed": [*ASSUMED],
    }

"""Escrow: what went in and out, and whether the payment system carried it out."""

from __future__ import annotations

from orders.events.words import Happening


class MoneyExpired(Happening, frozen=True, tag="money_expired"):
    """Money left escrow to the marketplace because the order reached its longest life."""

    cents: int
    currency: str


class MoneyHeld(Happening, frozen=True, tag="money_held"):
    """Money went into escrow: the price, or that of an added option."""

    cents: int
    currency: str


class MoneyRefunded(Happening, frozen=True, tag="money_refunded"):
    """Money left escrow towards the buyer."""

    cents: int
    currency: str


class MoneyReleased(Happening, frozen=True, tag="money_released"):
    """Money left escrow towards the seller's wallet."""

    cents: int
    currency: str


class MoneyConfirmed(Happening, frozen=True, tag="money_confirmed"):
    """The payment system carried out the movement that entry `movement` told."""

    movement: int
    cents: int
    currency: str


class MoneyRefused(Happening, frozen=True, tag="money_refused"):
    """The payment system could not carry it out yet; the marketplace looks into it."""

    movement: int
    cents: int
    currency: str


MoneyMoved = MoneyHeld | MoneyRefunded | MoneyReleased | MoneyExpired
"""What tells a movement of money into escrow, or out of it."""

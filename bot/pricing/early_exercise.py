"""American calls by their exercise curve: solve the curve once, then price any number of spots from it.

Rule 1: everything here is for strike 1 (a call is homogeneous: V(cS, cK) = c·V(S, K)); the caller scales.
Rule 2: greeks are exact derivatives of the same integral as the price, never differences of prices.
Rule 3: only the single-boundary case lives here: rate ≥ 0 and yield q = rate − carry > 0.

Method: Andersen, Lake, Offengenden 2016, "High-performance American option pricing". A call with rate r and
yield q has the boundary 1/b(τ), b being that of the put with rate q and yield r (put-call symmetry).
ln²(b/b₀) is collocated on Chebyshev nodes in √τ; the system is solved by Newton with its exact Jacobian,
because the plain fixed-point iteration stalls when q ≫ σ².
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NODES, _QUADRATURE, _PRICE_QUADRATURE = 12, 24, 40
_STEPS_MAX = 20
_RELAXED = 8.0  # beyond so many decay times of the boundary's transient the curve is flat to ~1e-4 of it
_CLOSE = 1e-3  # in deviations over the life: closer to the curve than this, theta is 0
_DENSITY = 1 / math.sqrt(2 * math.pi)
_ROOT_HALF = math.sqrt(0.5)


def normal_cdf(x: Floats) -> Floats:
    """Standard normal distribution function of an array of any shape (numpy has no erf)."""
    flat = map(math.erfc, (x * -_ROOT_HALF).ravel().tolist())
    return np.fromiter(flat, float, x.size).reshape(x.shape) * 0.5


class _Mesh(NamedTuple):
    """Constants of the collocation: they depend on the numbers of nodes only."""

    x: Floats  # √(τ/horizon) of the nodes, 1 … > 0
    sin: Floats  # quadrature: elapsed share of τ = sin², remaining = cos²
    cos: Floats
    weight: Floats
    interpolate: Floats  # [node, quadrature point, node]


def _chebyshev(count: int) -> tuple[Floats, Floats]:
    k = np.arange(count + 1)
    return (1 + np.cos(np.pi * k / count)) / 2, np.where((k == 0) | (k == count), 0.5, 1.0) * (-1.0) ** k


_POINTS, _BARYCENTRIC = _chebyshev(_NODES)


def _interpolation(at: Floats) -> Floats:
    """Matrix from values at all nodes but the last (where the value is 0) to values `at` points of [0, 1]."""
    distance = at[..., None] - _POINTS
    hit = np.abs(distance) < 1e-14
    rows = _BARYCENTRIC / np.where(hit, 1.0, distance)
    rows = np.where(hit.any(-1, keepdims=True), hit, rows)
    matrix: Floats = (rows / rows.sum(-1, keepdims=True))[..., :-1]
    return matrix


def _mesh() -> _Mesh:
    y, weight = np.polynomial.legendre.leggauss(_QUADRATURE)
    angle = np.pi / 4 * (1 + y)
    x, cos = _POINTS[:-1], np.cos(angle)
    return _Mesh(x, np.sin(angle), cos, weight * np.pi / 4, _interpolation(x[:, None] * cos))


def _price_mesh() -> tuple[Floats, Floats, Floats]:
    # The cube crowds points where little time has passed: close to the curve the integrand has a layer.
    y, weight = np.polynomial.legendre.leggauss(_PRICE_QUADRATURE)
    v = (1 + y) / 2
    angle = np.pi / 2 * v**3
    return np.sin(angle), np.cos(angle), weight * 0.75 * np.pi * v * v


_MESH = _mesh()
_SIN, _COS, _WEIGHT = _price_mesh()


class _System:
    """The collocated boundary equation of the put with strike 1, rate `r`, yield `q` (FP-A of the paper)."""

    def __init__(self, horizon: float, sigma: float, r: float, q: float) -> None:
        mesh = _MESH
        tau = horizon * mesh.x**2
        root = np.sqrt(tau)[:, None]
        left = tau[:, None] * mesh.cos**2
        elapsed = tau[:, None] * mesh.sin**2
        self.deviation = sigma * root * mesh.sin
        self.shift = (r - q) * elapsed / self.deviation - 0.5 * self.deviation
        self.weight = 2 * tau[:, None] * mesh.sin * mesh.cos * mesh.weight * np.exp(q * left) * q
        singular = 2 * root * mesh.cos * mesh.weight / sigma * _DENSITY
        self.weight_r = singular * np.exp(r * left) * r
        self.weight_q = singular * np.exp(q * left) * q
        self.total_deviation = sigma * np.sqrt(tau)
        self.total_shift = (r - q) * tau / self.total_deviation - 0.5 * self.total_deviation
        self.growth = -(r - q) * tau
        self.log_start = math.log(min(1.0, r / q)) if q > r else 0.0
        # Where interpolated squares go below this small share of the largest, their root carries no slope.
        self.floor = 1e-4 * (mesh.x[:, None] * mesh.cos) ** 2

    def residual(self, x: Floats) -> tuple[Floats, Floats]:
        """f(x) = g(x) − x for log boundaries `x`, and the matrix J = −∂f/∂x."""
        above = self.log_start - x
        squares = _MESH.interpolate @ (above * above)
        floor = self.floor * (above * above).max()
        sloped = squares > floor
        depth = np.sqrt(np.where(sloped, squares, floor + 1e-300))
        minus = (x[:, None] - self.log_start + depth) / self.deviation + self.shift
        plus = minus + self.deviation
        end_minus = x / self.total_deviation + self.total_shift
        end_plus = end_minus + self.total_deviation
        end_r = _DENSITY * np.exp(-0.5 * end_minus**2) / self.total_deviation
        end_q = _DENSITY * np.exp(-0.5 * end_plus**2) / self.total_deviation
        density_plus = np.exp(-0.5 * plus * plus)
        flow_r = self.weight_r * np.exp(-0.5 * minus * minus)
        flow_q = self.weight_q * density_plus
        top = end_r + flow_r.sum(1)
        bottom = end_q + flow_q.sum(1) + normal_cdf(end_plus) + (self.weight * normal_cdf(plus)).sum(1)
        f = self.growth + np.log(top / bottom) - x
        slope = (
            -flow_r * minus / top[:, None]
            - (_DENSITY * self.weight * density_plus - flow_q * plus) / bottom[:, None]
        ) / self.deviation
        own = -end_minus * end_r / self.total_deviation / top
        own -= (end_q - end_plus * end_q / self.total_deviation) / bottom
        through = np.where(sloped, slope / depth, 0.0)
        jacobian = (through[:, None, :] @ _MESH.interpolate)[:, 0, :] * above
        jacobian[np.diag_indices_from(jacobian)] += 1 - own - slope.sum(1)
        return f, jacobian


def _newton(system: _System, x: Floats, lowest: float) -> tuple[Floats, Floats]:
    """Solve the system from the guess `x` inside (lowest, log_start): the solution and the last Jacobian."""
    highest = system.log_start - 1e-13

    def inside(new: Floats) -> Floats:
        new = np.where(new > highest, 0.5 * (x + highest), new)
        return np.where(new < lowest, 0.5 * (x + lowest), new)

    f, jacobian = system.residual(x)
    size = float(np.abs(f).max())
    for _ in range(_STEPS_MAX):
        if size < 1e-12:
            break
        step = np.linalg.solve(jacobian, f)
        for share in (1.0, 0.5, 0.25, 0.1, 0.0):
            new = inside(x + share * step) if share else inside(x + f)
            new_f, new_jacobian = system.residual(new)
            new_size = float(np.abs(new_f).max())
            if new_size < size * (1 - 0.1 * share):
                break
        moved = float(np.abs(new - x).max())
        x, f, jacobian, size = new, new_f, new_jacobian, new_size
        if moved < 1e-12:
            break
    return x, jacobian


@dataclass(frozen=True, eq=False, slots=True)
class ExerciseCurve:
    """Critical spot / strike for every remaining life up to `years`, with its slope in sigma.

    `squares` are ln²(critical / critical at 0+) at the collocation nodes over `horizon` years (flat beyond).
    """

    years: float
    sigma: float
    rate: float
    carry: float
    horizon: float
    log_start: float
    squares: Floats
    squares_vega: Floats

    @property
    def critical(self) -> float:
        """Spot / strike from which a call with the full life is worth no more than exercising it."""
        return math.exp(self.log_start + math.sqrt(float(self.squares[0])))

    def logs(self, share: Floats) -> tuple[Floats, Floats]:
        """ln(critical) and its derivative in sigma where √(life / years) = `share` in [0, 1]."""
        x = np.minimum(share * math.sqrt(self.years / self.horizon), 1.0)
        matrix = _interpolation(x)
        squares = matrix @ self.squares
        floor = 1e-4 * x * x * self.squares.max() + 1e-300
        depth = np.sqrt(np.maximum(squares, floor))
        vega = np.where(squares > floor, 0.5 * (matrix @ self.squares_vega) / depth, 0.0)
        return self.log_start + depth, vega


@lru_cache(maxsize=64)
def solve_curve(years: float, sigma: float, rate: float, carry: float) -> ExerciseCurve:
    """The curve of a call (rate ≥ 0, rate − carry > 0, sigma·√years > 0). About 1 ms, then remembered."""
    r, q = rate - carry, rate  # of the symmetric put
    variance = sigma * sigma
    decay = r + (r - q - 0.5 * variance) ** 2 / (2 * variance)
    horizon = min(years, _RELAXED / decay)
    system = _System(horizon, sigma, r, q)
    perpetual = 1 / perpetual_ratio(sigma, rate, carry)
    start = math.exp(system.log_start)
    fall = np.minimum((r - q) * horizon * _MESH.x**2, 0.0) - 2 * system.total_deviation
    guess = perpetual + (start - perpetual) * np.exp(fall * start / max(start - perpetual, 1e-12))
    # The curve must lie strictly between its limits at 0+ and for ever, also where they almost meet.
    x = np.minimum(np.log(guess), system.log_start - 1e-12)
    x, jacobian = _newton(system, x, min(math.log(perpetual), system.log_start - 2e-12))
    above = system.log_start - x
    bump = 1e-4 * sigma
    up = _System(horizon, sigma + bump, r, q).residual(x)[0]
    down = _System(horizon, sigma - bump, r, q).residual(x)[0]
    log_vega = np.linalg.solve(jacobian, (up - down) / (2 * bump))
    return ExerciseCurve(
        years, sigma, rate, carry, horizon, -system.log_start, above * above, -2 * above * log_vega
    )


def perpetual_ratio(sigma: float, rate: float, carry: float) -> float:
    """Critical spot / strike of the call that never expires (McKean 1965); inf = it is never exercised."""
    half = 0.5 - carry / (sigma * sigma)
    power = half + math.sqrt(half * half + 2 * rate / (sigma * sigma))
    return power / (power - 1) if power > 1 else math.inf


class UnitValues(NamedTuple):
    """Per strike 1, one entry per spot / strike: price, delta, gamma, vega per 1.00, theta per year."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


def unit_values(curve: ExerciseCurve, moneyness: Floats) -> UnitValues:
    """American call per strike 1 at every spot / strike in `moneyness` (one-dimensional, > 0).

    Kim 1990 / Carr-Jarrow-Myneni 1992: European value plus the carry earned beyond the curve,
    ∫ q S e^(−qt) N(d₊) − r e^(−rt) N(d₋) dt, d± taken to the curve. Theta is the pricing equation's.
    """
    out = np.zeros((5, moneyness.size))
    out[0], out[1] = moneyness - 1.0, 1.0
    alive = moneyness < curve.critical
    if alive.any():
        out[:, alive] = _continuation(curve, moneyness[alive])
    return UnitValues(*out)


def _continuation(curve: ExerciseCurve, s: Floats) -> Floats:
    r, q, sigma, years = curve.rate, curve.rate - curve.carry, curve.sigma, curve.years
    # The European leg is the same formulas where all of the life has passed, with the strike as the curve.
    log_curve, curve_vega = curve.logs(_COS)
    elapsed = np.append(years * _SIN**2, years)
    log_curve, curve_vega = np.append(log_curve, 0.0), np.append(curve_vega, 0.0)
    deviation = sigma * np.sqrt(elapsed)
    minus = (np.log(s)[:, None] - log_curve + (r - q) * elapsed) / deviation - 0.5 * deviation
    plus = minus + deviation
    yield_discount = np.exp(-q * elapsed)
    stock = s[:, None] * yield_discount
    bond = np.exp(-r * elapsed)
    density = _DENSITY * np.exp(-0.5 * plus * plus) * yield_discount
    cdf_plus, cdf_minus = normal_cdf(plus), normal_cdf(minus)
    weight = 2 * years * _SIN * _COS * _WEIGHT
    flow_r = r * np.exp(-log_curve)
    edge = (q - flow_r)[:-1]

    def total(integrand: Floats, end: Floats) -> Floats:
        return np.asarray(end + integrand[:, :-1] @ weight)

    price = total(q * stock * cdf_plus - r * bond * cdf_minus, (stock * cdf_plus - bond * cdf_minus)[:, -1])
    slope = density[:, :-1] / deviation[:-1]
    delta = (yield_discount * cdf_plus)[:, -1] + (
        q * yield_discount[:-1] * cdf_plus[:, :-1] + edge * slope
    ) @ weight
    gamma = (
        density[:, -1] / deviation[-1] + (slope * (q - edge * plus[:, :-1] / deviation[:-1])) @ weight
    ) / s
    # No quadrature resolves the layer at the curve; theta is 0 there, so the pricing equation gives gamma.
    close = s > curve.critical * math.exp(-_CLOSE * deviation[-1])
    gamma = np.where(close, 2 * (r * price - (r - q) * s * delta) / (sigma * s) ** 2, gamma)
    lean = curve_vega / deviation
    moved = q * (-minus / sigma - lean) + flow_r * (plus / sigma + lean)
    vega = total(density * moved, density[:, -1] * math.sqrt(years)) * s
    theta = r * price - (r - q) * s * delta - 0.5 * (sigma * s) ** 2 * gamma
    return np.stack([price, delta, gamma, vega, theta])

"""Redshift's formats of dates and numbers (``'YYYY-MM-DD'``, ``'FM999.00'``) in the engine's words.

Formats are texts known before anything runs; what comes out is an expression of the engine's.
"""

from __future__ import annotations

import re

from civis.local.warehouse.script import quote_text

__all__ = ["date_parts", "number_text", "parse_format", "timestamp_text"]

_TOKEN = re.compile(
    r'"[^"]*"|FM|HH24|HH12|IYYY|YYYY|Month|Day|MONTH|month|DAY|day|Mon|MON|mon|DDD|A\.M\.|P\.M\.|a\.m\.|p\.m\.|'
    r"HH|MI|SS|MS|US|YY|MM|DD|DY|Dy|dy|IW|WW|AM|PM|am|pm|TZ|tz|TH|th|CC|D|Q|W|J|.",
    re.DOTALL,
)
_ANY_CASE = re.compile(r"yyyy|yy|mm|dd|hh24|hh12|hh|mi|ss|ms|us|q|ww|iw|iyyy|ddd|fm")

#: What the engine writes by itself.
_CODES = {
    "YYYY": "%Y", "YY": "%y", "IYYY": "%G", "MM": "%m", "Mon": "%b", "DDD": "%j", "DD": "%d", "Dy": "%a",
    "HH24": "%H", "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S", "MS": "%g", "US": "%f", "AM": "%p",
    "PM": "%p", "IW": "%V",
}  # fmt: skip
#: What takes an expression; {x} is the value.
_EXPRESSIONS = {
    "MONTH": "rpad(upper(strftime({x}, '%B')), 9, ' ')",
    "Month": "rpad(strftime({x}, '%B'), 9, ' ')",
    "month": "rpad(lower(strftime({x}, '%B')), 9, ' ')",
    "DAY": "rpad(upper(strftime({x}, '%A')), 9, ' ')",
    "Day": "rpad(strftime({x}, '%A'), 9, ' ')",
    "day": "rpad(lower(strftime({x}, '%A')), 9, ' ')",
    "MON": "upper(strftime({x}, '%b'))",
    "mon": "lower(strftime({x}, '%b'))",
    "DY": "upper(strftime({x}, '%a'))",
    "dy": "lower(strftime({x}, '%a'))",
    "am": "lower(strftime({x}, '%p'))",
    "pm": "lower(strftime({x}, '%p'))",
    "A.M.": "case when hour({x}) < 12 then 'A.M.' else 'P.M.' end",
    "P.M.": "case when hour({x}) < 12 then 'A.M.' else 'P.M.' end",
    "a.m.": "case when hour({x}) < 12 then 'a.m.' else 'p.m.' end",
    "p.m.": "case when hour({x}) < 12 then 'a.m.' else 'p.m.' end",
    "Q": "cast(quarter({x}) as varchar)",
    "D": "cast(dayofweek({x}) + 1 as varchar)",
    "W": "cast((day({x}) - 1) // 7 + 1 as varchar)",
    "WW": "lpad(cast((dayofyear({x}) - 1) // 7 + 1 as varchar), 2, '0')",
    "CC": "cast((year({x}) + 99) // 100 as varchar)",
    "J": "cast(cast(julian(cast({x} as date)) as bigint) as varchar)",
    "TZ": "'UTC'",
    "tz": "'utc'",
    "TH": "''",
    "th": "''",
}
#: What is read, beyond what is written.
_READ = {
    **_CODES, "MONTH": "%B", "Month": "%B", "month": "%B", "MON": "%b", "mon": "%b", "DAY": "%A", "Day": "%A",
    "day": "%A", "DY": "%a", "dy": "%a", "am": "%p", "pm": "%p", "FM": "", "TZ": "%Z",
}  # fmt: skip
_WIDTHS = {"YYYY": 4, "YY": 2, "MM": 2, "DD": 2, "HH24": 2, "HH12": 2, "HH": 2, "MI": 2, "SS": 2, "DDD": 3}
_NUMBER = re.compile(r"(?:FM|MI|PL|SG|PR|[09.,GDLSB$+\- ])*", re.IGNORECASE)


def date_parts(text: str) -> list[str]:
    """Take a format apart.

    Examples
    --------
    >>> date_parts('FMMonth DD, yyyy')
    ['FM', 'Month', ' ', 'DD', ',', ' ', 'YYYY']
    """
    return _TOKEN.findall(_ANY_CASE.sub(lambda match: match[0].upper(), text))


def timestamp_text(value: str, text: str) -> str:
    """Write a timestamp in a format; parts that the engine writes by itself are one call.

    Examples
    --------
    >>> timestamp_text("t", "YYYY-MM-DD")
    "strftime(t, '%Y-%m-%d')"
    """
    written: list[str] = []
    plain, is_filled = "", True
    for part in [*date_parts(text), ""]:
        if part in _EXPRESSIONS or part == "" or not is_filled:
            if plain:
                written.append(f"strftime({value}, {quote_text(plain)})")
            plain = ""
        if part == "FM":
            is_filled = False
            continue
        if part in _EXPRESSIONS:
            expression = _EXPRESSIONS[part].format(x=value)
            written.append(expression if is_filled else f"trim({expression})")
        elif part in _CODES and not is_filled:
            unfilled = f"ltrim(strftime({value}, {quote_text(_CODES[part])}), '0')"
            written.append(f"coalesce(nullif({unfilled}, ''), '0')")
        else:
            plain += _CODES.get(part) or part.strip('"').replace("%", "%%")
        # FM is about the part that follows it.
        is_filled = is_filled or part in _EXPRESSIONS or part in _CODES
    return " || ".join(written) or f"strftime({value}, '')"


def parse_format(value: str, text: str) -> str:
    """Read a timestamp from a text in a format; what follows a format of fixed width is left out.

    Examples
    --------
    >>> parse_format("t", "YYYYMMDD")
    "strptime(left(t, 8), '%Y%m%d')"
    """
    parts = date_parts(text)
    code = "".join(_READ[part] if part in _READ else part.strip('"').replace("%", "%%") for part in parts)
    if all(part in _WIDTHS or part not in _READ for part in parts):
        width = sum(_WIDTHS.get(part) or len(part.strip('"')) for part in parts)
        value = f"left({value}, {width})"
    return f"strptime({value}, {quote_text(code)})"


def number_text(value: str, text: str) -> str | None:
    """Write a number in a format; None if the format is not one of numbers."""
    if not re.search("[09]", text) or not _NUMBER.fullmatch(text):
        return None
    whole, _, decimals = text.upper().replace("D", ".").replace("G", ",").partition(".")
    is_filled = "FM" not in whole
    digits, places = len(re.findall("[09]", whole)), len(re.findall("[09]", decimals))
    zeros = len(re.findall("[09]", whole[whole.index("0") :])) if "0" in whole else 0
    has_commas = "," in whole
    number = f"round(abs(cast({value} as decimal(38, {max(places, 10)}))), {places})"
    plain = f"format('{{:{',' if has_commas else ''}}}', cast(trunc({number}) as bigint))"
    plain = (
        f"lpad({plain}, cast(greatest(length({plain}), {zeros}) as integer), '0')"
        if zeros and not has_commas
        else plain
    )
    if not zeros and places:
        plain = f"case when {number} < 1 then '' else {plain} end"
    width = digits + whole.count(",")
    shown = f"lpad({plain}, {width}, ' ')" if is_filled else plain
    if places:
        fraction = f"right(printf('%.{places}f', cast({number} as double)), {places})"
        if not is_filled and "0" not in decimals:
            fraction = f"rtrim({fraction}, '0')"
        shown = f"{shown} || '.' || {fraction}"
    sign = f"case when {value} < 0 then '-' else '{' ' if is_filled else ''}' end"
    # The sign stands right before the first digit.
    signed = f"lpad({sign} || ltrim({shown}), {width + 1 + (places + 1 if places else 0)}, ' ')"
    if not is_filled:
        signed = f"{sign} || {shown}"
    currency = "'$' || " if "$" in whole or "L" in whole else ""
    too_long = "#" * width
    return f"case when {number} >= 1e{digits} then {quote_text(too_long)} else {currency}{signed} end"

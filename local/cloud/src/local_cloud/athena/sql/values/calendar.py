"""Days and years without an end: the proleptic Gregorian calendar of java.time."""

from local_cloud.athena.sql.failures import not_supported

US_PER_SECOND = 1_000_000
US_PER_DAY = 86_400 * US_PER_SECOND
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


def days_of(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 (days_from_civil, H. Hinnant). ValueError where there is no such day."""
    if not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        raise ValueError(f"no such date: {year}-{month}-{day}")
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + day_of_year - 719_468


def date_of(days: int) -> tuple[int, int, int]:
    """(year, month, day) of days since 1970-01-01 (civil_from_days)."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return (
        era * 400 + year_of_era + (month <= 2),
        month,
        day_of_year - (153 * shifted + 2) // 5 + 1,
    )


def day_of_year(days: int) -> int:
    return days - days_of(date_of(days)[0], 1, 1) + 1


def day_of_week(days: int) -> int:
    """1 is Monday, 7 Sunday (ISO)."""
    return (days + 3) % 7 + 1


def iso_week(days: int) -> tuple[int, int]:
    """(year of the week, week) by ISO 8601."""
    thursday = days - (days + 3) % 7 + 3
    year = date_of(thursday)[0]
    return year, (thursday - days_of(year, 1, 1)) // 7 + 1


def plus_months(days: int, months: int) -> int:
    """The same day of another month, or that month's last day."""
    year, month, day = date_of(days)
    year, month = divmod(year * 12 + month - 1 + months, 12)
    month += 1
    return days_of(year, month, min(day, days_in_month(year, month)))


def year_text(year: int) -> str:
    """java.time's uuuu: at least four digits, a sign where there are more."""
    if year < 0:
        return f"-{-year:04d}"
    return f"+{year}" if year > 9999 else f"{year:04d}"


def date_text(days: int) -> str:
    """As an answer shows a date (SqlDate)."""
    year, month, day = date_of(days)
    return f"{year_text(year)}-{month:02d}-{day:02d}"


def joda_date_text(days: int) -> str:
    """As a cast writes a date: Joda-Time's yyyy-MM-dd, no plus sign (DateTimeUtils.printDate)."""
    return date_text(days).removeprefix("+")


def checked_date(days: int) -> int:
    """`days`, if the engine's dates hold them (Trino fails where it stores what does not fit)."""
    # DuckDB takes the first and last number for infinities.
    if not -(2**31) + 1 < days < 2**31 - 1:
        raise not_supported("dates beyond the years -5877641 to 5881580")
    return days

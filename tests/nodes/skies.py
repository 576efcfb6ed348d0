"""What weather and solar services answer, in their own forms."""

from datetime import UTC, date, datetime, timedelta
from typing import Any


def wttr(*days: tuple[str, dict[int, int]]) -> dict[str, Any]:
    """wttr.in, format=j1: clouds by hour of each day, as texts."""
    return {
        "current_condition": [{"cloudcover": "75"}],
        "weather": [
            {
                "date": day,
                "hourly": [
                    {"time": str(hour * 100), "cloudcover": str(covers.get(hour, 0))}
                    for hour in range(0, 24, 3)
                ],
            }
            for day, covers in days
        ],
    }


def openweathermap(start: str, *covers: int) -> dict[str, Any]:
    """OpenWeatherMap, 5 days in steps of 3 hours from a time in UTC."""
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    times = [begin + timedelta(hours=3 * n) for n in range(len(covers))]
    return {
        "cod": "200",
        "cnt": len(covers),
        "list": [
            {
                "dt": int(when.timestamp()),
                "clouds": {"all": cover},
                "dt_txt": when.strftime("%Y-%m-%d %H:%M:%S"),
            }
            for when, cover in zip(times, covers, strict=True)
        ],
        "city": {"name": "Chambery", "timezone": 7200},
    }


def open_meteo(day: str, covers: dict[int, int]) -> dict[str, Any]:
    """Open-Meteo, hourly clouds of one day; unknown hours are null."""
    return {
        "timezone": "Europe/Paris",
        "hourly": {
            "time": [f"{day}T{hour:02d}:00" for hour in range(24)],
            "cloud_cover": [covers.get(hour) for hour in range(24)],
        },
    }


def forecast_solar(**watt_hours: int) -> dict[str, Any]:
    """Forecast.Solar estimate; days as `d20260601=12000`."""
    days = {date.fromisoformat(name[1:]).isoformat(): energy for name, energy in watt_hours.items()}
    return {"result": {"watts": {}, "watt_hours_day": days}, "message": {"code": 0}}


def solcast(start: str, *kilowatts: float) -> dict[str, Any]:
    """Solcast rooftop forecast: half hours, told at their end."""
    begin = datetime.fromisoformat(start)
    return {
        "forecasts": [
            {
                "pv_estimate": power,
                "period_end": (begin + timedelta(minutes=30 * (n + 1))).strftime(
                    "%Y-%m-%dT%H:%M:%S.0000000Z"
                ),
                "period": "PT30M",
            }
            for n, power in enumerate(kilowatts)
        ]
    }

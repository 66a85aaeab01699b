"""Tables of the appointments module."""

from server.modules.appointments.models.booking import Appointment, AppointmentEvent, Reminder, TakenInterval
from server.modules.appointments.models.feeds import CalendarToken
from server.modules.appointments.models.hours import Override, TimeOff, Window
from server.modules.appointments.models.reviews import Review
from server.modules.appointments.models.waiting import WaitlistEntry

__all__ = [
    "Appointment",
    "AppointmentEvent",
    "CalendarToken",
    "Override",
    "Reminder",
    "Review",
    "TakenInterval",
    "TimeOff",
    "WaitlistEntry",
    "Window",
]

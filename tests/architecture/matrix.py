"""The role matrix, written out by hand from the access table of the product: who may call what.

`+` is "permitted" (the answer may still be 404, 409 or 422 for a made-up object), `.` is refused: 403 when signed in,
401 when not. Logout takes any token, so nobody without one gets in. `?` is what asks for a token of its own.
"""

ROLES = (
    *("admin", "doctor", "nurse", "receptionist", "technician"),
    *("pharmacist", "pharmacy_manager", "pharmacy_technician", "cashier", "patient"),
)
ANONYMOUS = "anonymous"
COLUMNS = (*ROLES, ANONYMOUS)

GRID = """
#                                                                  A D N R T Ph PM PT C Pt anonymous
GET    /                                                           + + + + + +  +  +  + +  +
GET    /openapi.json                                               + + + + + +  +  +  + +  +
GET    /docs                                                       + + + + + +  +  +  + +  +
GET    /docs/assets/{name}                                         + + + + + +  +  +  + +  +
GET    /docs/problems                                              + + + + + +  +  +  + +  +
GET    /redoc                                                      + + + + + +  +  +  + +  +
GET    /health                                                     + + + + + +  +  +  + +  +
GET    /health/live                                                + + + + + +  +  +  + +  +
GET    /health/ready                                               + + + + + +  +  +  + +  +
GET    /.well-known/jwks.json                                      + + + + + +  +  +  + +  +
GET    /metrics                                                    ? ? ? ? ? ?  ?  ?  ? ?  ?

POST   /api/v1/auth/login                                          + + + + + +  +  +  + +  +
POST   /api/v1/auth/token                                          + + + + + +  +  +  + +  +
POST   /api/v1/auth/refresh                                        + + + + + +  +  +  + +  +
POST   /api/v1/auth/refresh-token                                  + + + + + +  +  +  + +  +
POST   /api/v1/auth/register                                       + + + + + +  +  +  + +  +
POST   /api/v1/auth/verify-email                                   + + + + + +  +  +  + +  +
POST   /api/v1/auth/resend-verification                            + + + + + +  +  +  + +  +
POST   /api/v1/auth/forgot-password                                + + + + + +  +  +  + +  +
POST   /api/v1/auth/forgot                                         + + + + + +  +  +  + +  +
POST   /api/v1/auth/reset-password                                 + + + + + +  +  +  + +  +
POST   /api/v1/auth/reset                                          + + + + + +  +  +  + +  +
POST   /api/v1/auth/accept-invitation                              + + + + + +  +  +  + +  +
POST   /api/v1/auth/logout                                         + + + + + +  +  +  + +  .
POST   /api/v1/auth/logout-all                                     + + + + + +  +  +  + +  .
GET    /api/v1/auth/me                                             + + + + + +  +  +  + +  .
PATCH  /api/v1/auth/me                                             + + + + + +  +  +  + +  .
GET    /api/v1/users/me                                            + + + + + +  +  +  + +  .
PATCH  /api/v1/users/me                                            + + + + + +  +  +  + +  .
GET    /api/v1/auth/verify-token                                   + + + + + +  +  +  + +  .
POST   /api/v1/auth/change-password                                + + + + + +  +  +  + +  .
POST   /api/v1/auth/change-email                                   + + + + + +  +  +  + +  .
POST   /api/v1/auth/mfa/verify                                     + + + + + +  +  +  + +  +
POST   /api/v1/auth/mfa/enroll                                     + + + + + +  +  +  + +  .
POST   /api/v1/auth/mfa/confirm                                    + + + + + +  +  +  + +  +
POST   /api/v1/auth/mfa/disable                                    + + + + + +  +  +  + +  .
POST   /api/v1/auth/mfa/recovery-codes                             + + + + + +  +  +  + +  .
GET    /api/v1/auth/sessions                                       + + + + + +  +  +  + +  .
DELETE /api/v1/auth/sessions/{session_id}                          + + + + + +  +  +  + +  .

GET    /api/v1/users                                               + . . . . .  .  .  . .  .
POST   /api/v1/users                                               + . . . . .  .  .  . .  .
GET    /api/v1/users/{user_id}                                     + . . . . .  .  .  . .  .
PUT    /api/v1/users/{user_id}                                     + . . . . .  .  .  . .  .
PATCH  /api/v1/users/{user_id}                                     + . . . . .  .  .  . .  .
DELETE /api/v1/users/{user_id}                                     + . . . . .  .  .  . .  .
PUT    /api/v1/users/{user_id}/unlock                              + . . . . .  .  .  . .  .
POST   /api/v1/users/{user_id}/reactivate                          + . . . . .  .  .  . .  .
POST   /api/v1/users/{user_id}/sign-out                            + . . . . .  .  .  . .  .
POST   /api/v1/users/{user_id}/invite                              + . . . . .  .  .  . .  .

GET    /api/v1/notifications                                      + + + + + +  +  +  + +  .
PATCH  /api/v1/notifications/read-all                             + + + + + +  +  +  + +  .
GET    /api/v1/notifications/unread-count                         + + + + + +  +  +  + +  .
GET    /api/v1/notifications/preferences                          + + + + + +  +  +  + +  .
PATCH  /api/v1/notifications/preferences                          + + + + + +  +  +  + +  .
DELETE /api/v1/notifications/{notification_id}                    + + + + + +  +  +  + +  .
PATCH  /api/v1/notifications/{notification_id}/read               + + + + + +  +  +  + +  .

GET    /api/v1/users/{user_id}/sessions                            + . . . . .  .  .  . .  .
DELETE /api/v1/users/{user_id}/sessions/{session_id}               + . . . . .  .  .  . .  .
GET    /api/v1/user-activities                                     + + + + + +  +  +  + +  .
GET    /api/v1/audit-logs                                          + . . . . .  .  .  . .  .
GET    /api/v1/audit-logs/{audit_log_id}                           + . . . . .  .  .  . .  .
GET    /api/v1/audit-logs/export                                   + . . . . .  .  .  . .  .
GET    /api/v1/audit-logs/verify                                   + . . . . .  .  .  . .  .

GET    /api/v1/patients                                            + + + + + +  +  +  + +  .
POST   /api/v1/patients                                            + + + + . +  +  +  . +  .
GET    /api/v1/patients/search                                     + + + + + +  +  +  + +  .
GET    /api/v1/patients/lookup                                     + + + + + +  +  +  . .  .
GET    /api/v1/patients/me                                         + + + + + +  +  +  + +  .
POST   /api/v1/patients/me                                         + + + + . +  +  +  . +  .
PATCH  /api/v1/patients/me                                         + + + + . .  .  .  . +  .
GET    /api/v1/patients/{patient_id}                               + + + + + +  +  +  + +  .
PUT    /api/v1/patients/{patient_id}                               + + + + . .  .  .  . +  .
PATCH  /api/v1/patients/{patient_id}                               + + + + . .  .  .  . +  .
DELETE /api/v1/patients/{patient_id}                               + . . . . .  .  .  . .  .
POST   /api/v1/patients/{patient_id}/portal-invitation             + + + + . .  .  .  . .  .
POST   /api/v1/patients/{patient_id}/reactivate                    + . . . . .  .  .  . .  .
POST   /api/v1/patients/{patient_id}/break-glass                   + + + . + .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/access-log                    + . . . . .  .  .  . +  .
GET    /api/v1/patients/{patient_id}/contacts                      + + + + . .  .  .  . +  .
POST   /api/v1/patients/{patient_id}/contacts                      + + + + . .  .  .  . +  .
GET    /api/v1/patients/{patient_id}/contacts/{contact_id}         + + + + . .  .  .  . +  .
PATCH  /api/v1/patients/{patient_id}/contacts/{contact_id}         + + + + . .  .  .  . +  .
DELETE /api/v1/patients/{patient_id}/contacts/{contact_id}         + + + + . .  .  .  . +  .
POST   /api/v1/patients/{patient_id}/contacts/{contact_id}/proxy   + . . + . .  .  .  . +  .
DELETE /api/v1/patients/{patient_id}/contacts/{contact_id}/proxy   + . . + . .  .  .  . +  .
GET    /api/v1/patients/{patient_id}/care-team                     + + + . . .  .  .  . +  .
POST   /api/v1/patients/{patient_id}/care-team                     + + . . . .  .  .  . .  .
DELETE /api/v1/patients/{patient_id}/care-team/{user_id}           + + . . . .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/allergies                     + + + . + +  +  +  . +  .
POST   /api/v1/patients/{patient_id}/allergies                     . + + . . .  .  .  . .  .
PUT    /api/v1/patients/{patient_id}/allergies/none-known          . + + . . .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/allergies/{allergy_id}        + + + . + +  +  +  . +  .
PATCH  /api/v1/patients/{patient_id}/allergies/{allergy_id}        . + + . . .  .  .  . .  .
DELETE /api/v1/patients/{patient_id}/allergies/{allergy_id}        + + + . + .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/conditions                    + + + . . .  .  .  . +  .
POST   /api/v1/patients/{patient_id}/conditions                    . + + . . .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/conditions/{condition_id}     + + + . . .  .  .  . +  .
PATCH  /api/v1/patients/{patient_id}/conditions/{condition_id}     . + + . . .  .  .  . .  .
DELETE /api/v1/patients/{patient_id}/conditions/{condition_id}     + + + . + .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/medical-history               + + + . . .  .  .  . +  .
PATCH  /api/v1/patients/{patient_id}/medical-history               . + + . . .  .  .  . .  .
POST   /api/v1/patients/{patient_id}/merge                         + . . . . .  .  .  . .  .
POST   /api/v1/patients/{patient_id}/unmerge                       + . . . . .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/timeline                      + + + . . .  .  .  . +  .
GET    /api/v1/patients/{patient_id}/summary                       + + + . . .  .  .  . +  .
GET    /api/v1/patients/{patient_id}/export                        + . . . . .  .  .  . +  .

#                                                                  A D N R T Ph PM PT C Pt anonymous
GET    /api/v1/appointments                                        + + + + + .  .  .  + +  .
GET    /api/v1/appointments/search                                 + + + + + .  .  .  + +  .
GET    /api/v1/appointments/me                                     + + + + + .  .  .  + +  .
GET    /api/v1/appointments/doctor/me                              + + + + + .  .  .  + +  .
GET    /api/v1/appointments/queue                                  + + + + + .  .  .  . .  .
GET    /api/v1/appointments/{appointment_id}                       + + + + + .  .  .  + +  .
GET    /api/v1/appointments/{appointment_id}/history               + + + + + .  .  .  + +  .
POST   /api/v1/appointments                                        + + + + . .  .  .  . +  .
PUT    /api/v1/appointments/{appointment_id}                       + + + + . .  .  .  . +  .
PATCH  /api/v1/appointments/{appointment_id}                       + + + + . .  .  .  . +  .
DELETE /api/v1/appointments/{appointment_id}                       + + + + . .  .  .  . +  .
POST   /api/v1/appointments/{appointment_id}/cancel                + + + + . .  .  .  . +  .
PATCH  /api/v1/appointments/{appointment_id}/reschedule            + + + + . .  .  .  . +  .
POST   /api/v1/appointments/{appointment_id}/reschedule            + + + + . .  .  .  . +  .
PATCH  /api/v1/appointments/{appointment_id}/status                + + + + . .  .  .  . .  .
POST   /api/v1/appointments/{appointment_id}/check-in              + + + + . .  .  .  . .  .
POST   /api/v1/appointments/{appointment_id}/start                 + + + + . .  .  .  . .  .
POST   /api/v1/appointments/{appointment_id}/complete              + + + + . .  .  .  . .  .
POST   /api/v1/appointments/{appointment_id}/no-show               + + + + . .  .  .  . .  .
POST   /api/v1/appointments/holds                                  + + + + . .  .  .  . +  .
DELETE /api/v1/appointments/holds/{hold_id}                        + + + + . .  .  .  . +  .
GET    /api/v1/waitlist                                            + + + + . .  .  .  . +  .
POST   /api/v1/waitlist                                            + + + + . .  .  .  . +  .
GET    /api/v1/waitlist/{entry_id}                                 + + + + . .  .  .  . +  .
DELETE /api/v1/waitlist/{entry_id}                                 + + + + . .  .  .  . +  .
POST   /api/v1/waitlist/{entry_id}/accept                          + + + + . .  .  .  . +  .
POST   /api/v1/waitlist/{entry_id}/decline                         + + + + . .  .  .  . +  .

GET    /api/v1/doctors                                             + + + + + +  +  +  + +  +
POST   /api/v1/doctors                                             + . . . . .  .  .  . .  .
GET    /api/v1/doctors/search                                      + + + + + +  +  +  + +  +
GET    /api/v1/doctors/{doctor_id}                                 + + + + + +  +  +  + +  +
PUT    /api/v1/doctors/{doctor_id}                                 + . . . . .  .  .  . .  .
PATCH  /api/v1/doctors/{doctor_id}                                 + . . . . .  .  .  . .  .
DELETE /api/v1/doctors/{doctor_id}                                 + . . . . .  .  .  . .  .
GET    /api/v1/doctors/me/profile                                  . + . . . .  .  .  . .  .
POST   /api/v1/doctors/me/profile                                  . + . . . .  .  .  . .  .
PATCH  /api/v1/doctors/me/profile                                  . + . . . .  .  .  . .  .
GET    /api/v1/doctors/me/favorites                                . . . . . .  .  .  . +  .
POST   /api/v1/doctors/{doctor_id}/favorite                        . . . . . .  .  .  . +  .
DELETE /api/v1/doctors/{doctor_id}/favorite                        . . . . . .  .  .  . +  .
GET    /api/v1/specialties                                         + + + + + +  +  +  + +  +
POST   /api/v1/specialties                                         + . . . . .  .  .  . .  .
PATCH  /api/v1/specialties/{specialty_id}                          + . . . . .  .  .  . .  .
DELETE /api/v1/specialties/{specialty_id}                          + . . . . .  .  .  . .  .
GET    /api/v1/clinic                                              + + + + + +  +  +  + +  .
PATCH  /api/v1/clinic                                              + . . . . .  .  .  . .  .
GET    /api/v1/clinic/holidays                                     + + + + + +  +  +  + +  .
POST   /api/v1/clinic/holidays                                     + . . . . .  .  .  . .  .
DELETE /api/v1/clinic/holidays/{holiday_id}                        + . . . . .  .  .  . .  .

GET    /api/v1/doctors/{doctor_id}/schedule                        + + + + + +  +  +  + +  .
GET    /api/v1/doctors/{doctor_id}/availability                    + + + + + +  +  +  + +  .
POST   /api/v1/doctors/{doctor_id}/availability                    + + . . . .  .  .  . .  .
PATCH  /api/v1/doctors/{doctor_id}/availability/{rule_id}          + + . . . .  .  .  . .  .
DELETE /api/v1/doctors/{doctor_id}/availability/{rule_id}          + + . . . .  .  .  . .  .
GET    /api/v1/doctors/{doctor_id}/availability/slots              + + + + + +  +  +  + +  +
GET    /api/v1/doctors/{doctor_id}/availability/check              + + + + + +  +  +  + +  .
GET    /api/v1/doctors/{doctor_id}/availability-overrides          + + . . . .  .  .  . .  .
POST   /api/v1/doctors/{doctor_id}/availability-overrides          + + . . . .  .  .  . .  .
DELETE /api/v1/doctors/{doctor_id}/availability-overrides/{override_id} + + . . . .  .  .  . .  .
GET    /api/v1/doctors/{doctor_id}/time-off                        + + . . . .  .  .  . .  .
POST   /api/v1/doctors/{doctor_id}/time-off                        + + . . . .  .  .  . .  .
DELETE /api/v1/doctors/{doctor_id}/time-off/{time_off_id}          + + . . . .  .  .  . .  .

GET    /api/v1/doctors/{doctor_id}/reviews                         + + + + + +  +  +  + +  +
POST   /api/v1/doctors/{doctor_id}/reviews                         . . . . . .  .  .  . +  .
PATCH  /api/v1/doctors/{doctor_id}/reviews/{review_id}             + . . . . .  .  .  . +  .
DELETE /api/v1/doctors/{doctor_id}/reviews/{review_id}             . . . . . .  .  .  . +  .
GET    /api/v1/calendar/tokens                                     + + + + + +  +  +  + +  .
POST   /api/v1/calendar/tokens                                     + + + + + +  +  +  + +  .
DELETE /api/v1/calendar/tokens/{token_id}                          + + + + + +  +  +  + +  .
POST   /api/v1/appointments/series                                 + + + + . .  .  .  . .  .
GET    /calendar/{token}.ics                                       + + + + + +  +  +  + +  +

#                                                                  A D N R T Ph PM PT C Pt anonymous
GET    /api/v1/visits                                              + + + + + .  .  .  . +  .
POST   /api/v1/visits                                              . + + + . .  .  .  . .  .
GET    /api/v1/visits/{visit_id}                                   + + + + + .  .  .  . +  .
PUT    /api/v1/visits/{visit_id}                                   . + + . . .  .  .  . .  .
PATCH  /api/v1/visits/{visit_id}                                   . + + . . .  .  .  . .  .
DELETE /api/v1/visits/{visit_id}                                   + + + . + .  .  .  . .  .
POST   /api/v1/visits/{visit_id}/complete                          . + . . . .  .  .  . .  .
POST   /api/v1/visits/{visit_id}/reopen                            . + . . . .  .  .  . .  .
POST   /api/v1/visits/{visit_id}/cancel                            . + + + . .  .  .  . .  .
POST   /api/v1/visits/{visit_id}/chart                             . + . . . .  .  .  . .  .
GET    /api/v1/visits/{visit_id}/summary.pdf                       + + + . . .  .  .  . +  .
GET    /api/v1/visits/{visit_id}/history                           + + + + + .  .  .  . +  .
GET    /api/v1/visits/{visit_id}/notes                             + + + . . .  .  .  . +  .
POST   /api/v1/visits/{visit_id}/notes                             . + + . . .  .  .  . .  .
GET    /api/v1/visits/{visit_id}/notes/{note_id}                   + + + . . .  .  .  . +  .
PATCH  /api/v1/visits/{visit_id}/notes/{note_id}                   . + + . . .  .  .  . .  .
DELETE /api/v1/visits/{visit_id}/notes/{note_id}                   + + + . + .  .  .  . .  .
POST   /api/v1/visits/{visit_id}/notes/{note_id}/sign              . + . . . .  .  .  . .  .
POST   /api/v1/visits/{visit_id}/notes/{note_id}/addenda           . + . . . .  .  .  . .  .
GET    /api/v1/records                                             + + + . . .  .  .  . +  .
POST   /api/v1/records                                             . + + . . .  .  .  . +  .
GET    /api/v1/records/me                                          + + + . . .  .  .  . +  .
POST   /api/v1/records/me                                          . + + . . .  .  .  . +  .
DELETE /api/v1/records/me/{record_id}                              . + + . . .  .  .  . +  .
GET    /api/v1/records/doctor/me                                   + + + . . .  .  .  . +  .
GET    /api/v1/records/{record_id}                                 + + + . . .  .  .  . +  .
PUT    /api/v1/records/{record_id}                                 . + + . . .  .  .  . +  .
PATCH  /api/v1/records/{record_id}                                 . + + . . .  .  .  . +  .
DELETE /api/v1/records/{record_id}                                 + + + . + .  .  .  . .  .
GET    /api/v1/records/{record_id}/versions                        + + + . . .  .  .  . +  .
POST   /api/v1/records/{record_id}/release                         . + . . . .  .  .  . .  .
GET    /api/v1/medical-records                                     + + + . . .  .  .  . +  .
POST   /api/v1/medical-records                                     . + + . . .  .  .  . +  .
GET    /api/v1/medical-records/me                                  + + + . . .  .  .  . +  .
POST   /api/v1/medical-records/me                                  . + + . . .  .  .  . +  .
DELETE /api/v1/medical-records/me/{record_id}                      . + + . . .  .  .  . +  .
GET    /api/v1/medical-records/doctor/me                           + + + . . .  .  .  . +  .
GET    /api/v1/medical-records/{record_id}                         + + + . . .  .  .  . +  .
PUT    /api/v1/medical-records/{record_id}                         . + + . . .  .  .  . +  .
PATCH  /api/v1/medical-records/{record_id}                         . + + . . .  .  .  . +  .
DELETE /api/v1/medical-records/{record_id}                         + + + . + .  .  .  . .  .
GET    /api/v1/medical-records/{record_id}/versions                + + + . . .  .  .  . +  .
POST   /api/v1/medical-records/{record_id}/release                 . + . . . .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/documents                     + + + . . .  .  .  . +  .
POST   /api/v1/patients/{patient_id}/documents                     . + + . + .  .  .  . +  .
GET    /api/v1/patients/{patient_id}/documents/{document_id}       + + + . . .  .  .  . +  .
DELETE /api/v1/patients/{patient_id}/documents/{document_id}       + + + . + .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/documents/{document_id}/content + + + . . .  .  .  . +  .
GET    /api/v1/patients/{patient_id}/documents/{document_id}/preview + + + . . .  .  .  . +  .
POST   /api/v1/documents/{document_id}/release                     . + . . . .  .  .  . .  .
GET    /api/v1/services                                            + + + + + +  +  +  + .  .
POST   /api/v1/services                                            + . . . . .  .  .  . .  .
GET    /api/v1/services/{service_id}                               + + + + + +  +  +  + .  .
PATCH  /api/v1/services/{service_id}                               + . . . . .  .  .  . .  .
DELETE /api/v1/services/{service_id}                               + . . . . .  .  .  . .  .
GET    /api/v1/treatments                                          + + + . + .  .  .  . +  .
POST   /api/v1/treatments                                          . + + . + .  .  .  . .  .
GET    /api/v1/treatments/{treatment_id}                           + + + . + .  .  .  . +  .
PUT    /api/v1/treatments/{treatment_id}                           . + + . + .  .  .  . .  .
PATCH  /api/v1/treatments/{treatment_id}                           . + + . + .  .  .  . .  .
DELETE /api/v1/treatments/{treatment_id}                           + + + . + .  .  .  . .  .
POST   /api/v1/treatments/{treatment_id}/complete                  . + + . + .  .  .  . .  .
POST   /api/v1/treatments/{treatment_id}/cancel                    . + + . + .  .  .  . .  .
GET    /api/v1/visits/{visit_id}/vitals                            + + + . + .  .  .  . +  .
POST   /api/v1/visits/{visit_id}/vitals                            . + + . + .  .  .  . .  .
GET    /api/v1/patients/{patient_id}/vitals                        + + + . + .  .  .  . +  .
GET    /api/v1/vitals/{vital_id}                                   + + + . + .  .  .  . +  .
DELETE /api/v1/vitals/{vital_id}                                   + + + . + .  .  .  . .  .
POST   /api/v1/vitals/{vital_id}/amend                             . + + . + .  .  .  . .  .
GET    /api/v1/procedures                                          + + + . . .  .  .  . +  .
POST   /api/v1/procedures                                          . + + . . .  .  .  . .  .
GET    /api/v1/procedures/{procedure_id}                           + + + . . .  .  .  . +  .
PUT    /api/v1/procedures/{procedure_id}                           . + + . . .  .  .  . .  .
PATCH  /api/v1/procedures/{procedure_id}                           . + + . . .  .  .  . .  .
DELETE /api/v1/procedures/{procedure_id}                           + + + . + .  .  .  . .  .
POST   /api/v1/procedures/{procedure_id}/perform                   . + + . . .  .  .  . .  .
POST   /api/v1/procedures/{procedure_id}/cancel                    . + + . . .  .  .  . .  .
POST   /api/v1/procedures/{procedure_id}/addenda                   . + + . . .  .  .  . .  .
GET    /api/v1/vaccines                                            + + + . . .  .  .  . +  .
POST   /api/v1/vaccines                                            . + + . . .  .  .  . .  .
GET    /api/v1/vaccines/catalog                                    + + + . . .  .  .  . +  .
GET    /api/v1/vaccines/{vaccine_id}                               + + + . . .  .  .  . +  .
PUT    /api/v1/vaccines/{vaccine_id}                               . + + . . .  .  .  . .  .
PATCH  /api/v1/vaccines/{vaccine_id}                               . + + . . .  .  .  . .  .
DELETE /api/v1/vaccines/{vaccine_id}                               + + + . + .  .  .  . .  .
GET    /api/v1/vaccines/{vaccine_id}/versions                      + + + . . .  .  .  . +  .
GET    /api/v1/patients/{patient_id}/vaccines/due                  + + + . . .  .  .  . +  .
GET    /api/v1/categories                                          + + + + + +  +  +  + .  .
POST   /api/v1/categories                                          + . . . + +  +  +  . .  .
GET    /api/v1/categories/count                                    + + + + + +  +  +  + .  .
GET    /api/v1/categories/{category_id}                            + + + + + +  +  +  + .  .
PUT    /api/v1/categories/{category_id}                            + . . . + +  +  +  . .  .
PATCH  /api/v1/categories/{category_id}                            + . . . + +  +  +  . .  .
DELETE /api/v1/categories/{category_id}                            + . . . + +  +  +  . .  .
GET    /api/v1/medications                                         + + + . + +  +  +  + .  .
POST   /api/v1/medications                                         + . . . . +  +  .  . .  .
GET    /api/v1/medications/{medication_id}                         + + + . + +  +  +  + .  .
PUT    /api/v1/medications/{medication_id}                         + . . . . +  +  .  . .  .
PATCH  /api/v1/medications/{medication_id}                         + . . . . +  +  .  . .  .
DELETE /api/v1/medications/{medication_id}                         + . . . . +  +  .  . .  .
GET    /api/v1/prescriptions                                       + + + . . +  +  +  . +  .
POST   /api/v1/prescriptions                                       . + . . . +  .  +  . .  .
GET    /api/v1/prescriptions/{prescription_id}                     + + + . . +  +  +  . +  .
PUT    /api/v1/prescriptions/{prescription_id}                     . + . . . +  .  +  . .  .
PATCH  /api/v1/prescriptions/{prescription_id}                     . + . . . +  .  +  . .  .
DELETE /api/v1/prescriptions/{prescription_id}                     + + + . + .  .  .  . .  .
POST   /api/v1/prescriptions/{prescription_id}/activate            . + . . . +  .  +  . .  .
POST   /api/v1/prescriptions/{prescription_id}/revise              . + . . . +  .  +  . .  .
POST   /api/v1/prescriptions/{prescription_id}/renew               . + . . . +  .  +  . .  .
POST   /api/v1/prescriptions/{prescription_id}/cancel              . + . . . +  .  +  . .  .
POST   /api/v1/prescriptions/{prescription_id}/stop                . + . . . +  .  +  . .  .
POST   /api/v1/prescriptions/check                                 . + . . . +  +  .  . .  .
GET    /api/v1/dispenses                                           . + + . . +  +  +  + +  .
GET    /api/v1/dispenses/{dispense_id}                             . + + . . +  +  +  + +  .
POST   /api/v1/dispenses/{dispense_id}/reverse                     . . . . . +  +  .  . .  .
POST   /api/v1/dispenses/{dispense_id}/cancel                      . . . . . +  +  +  . .  .
GET    /api/v1/prescriptions/{prescription_id}/label               + + + . . +  +  +  . +  .
GET    /api/v1/prescriptions/{prescription_id}/label.pdf           + + + . . +  +  +  . +  .
GET    /api/v1/prescriptions/{prescription_id}.pdf                 + + + . . +  +  +  . +  .
GET    /api/v1/prescriptions/verify/{code}                         + + + + + +  +  +  + +  +
GET    /api/v1/prescriptions/{prescription_id}/dispenses           . + + . . +  +  +  + +  .
POST   /api/v1/prescriptions/{prescription_id}/prepare             . . . . . +  +  +  . .  .
POST   /api/v1/prescriptions/{prescription_id}/fill                . . . . . +  +  .  . .  .
PUT    /api/v1/prescriptions/{prescription_id}/fill                . . . . . +  +  .  . .  .
GET    /api/v1/items                                               + + + + + +  +  +  + .  .
POST   /api/v1/items                                               + . . . + .  +  .  . .  .
GET    /api/v1/items/stats                                         + + + + + +  +  +  + .  .
GET    /api/v1/items/low-stock                                     + + + + + +  +  +  + .  .
GET    /api/v1/items/expiring                                      + + + + + +  +  +  + .  .
GET    /api/v1/items.csv                                           + + + + + +  +  +  + .  .
POST   /api/v1/items/import                                        + . . . + .  +  .  . .  .
GET    /api/v1/items/{item_id}                                     + + + + + +  +  +  + .  .
PUT    /api/v1/items/{item_id}                                     + . . . + .  +  .  . .  .
PATCH  /api/v1/items/{item_id}                                     + . . . + .  +  .  . .  .
DELETE /api/v1/items/{item_id}                                     + . . . + .  +  .  . .  .
GET    /api/v1/inventory                                           + + + + + +  +  +  + .  .
POST   /api/v1/inventory                                           + . . . + .  +  .  . .  .
GET    /api/v1/inventory/{item_id}                                 + + + + + +  +  +  + .  .
PUT    /api/v1/inventory/{item_id}                                 + . . . + .  +  .  . .  .
PATCH  /api/v1/inventory/{item_id}                                 + . . . + .  +  .  . .  .
DELETE /api/v1/inventory/{item_id}                                 + . . . + .  +  .  . .  .
PATCH  /api/v1/items/{item_id}/stock                               + . . . + +  +  +  . .  .
GET    /api/v1/items/{item_id}/lots                                + . . . + +  +  +  . .  .
POST   /api/v1/items/{item_id}/lots                                + . . . + .  +  .  . .  .
GET    /api/v1/items/{item_id}/movements                           + . . . + +  +  +  . .  .
GET    /api/v1/lots/{lot_id}                                       + . . . + +  +  +  . .  .
PATCH  /api/v1/lots/{lot_id}                                       + . . . + +  +  .  . .  .
POST   /api/v1/lots/{lot_id}/recall                                + . . . + +  +  .  . .  .
GET    /api/v1/stock/reconciliation                                + . . . . .  +  .  . .  .
GET    /api/v1/suppliers                                           + + + + + +  +  +  + .  .
POST   /api/v1/suppliers                                           + . . . + .  +  .  . .  .
GET    /api/v1/suppliers/{supplier_id}                             + + + + + +  +  +  + .  .
PATCH  /api/v1/suppliers/{supplier_id}                             + . . . + .  +  .  . .  .
DELETE /api/v1/suppliers/{supplier_id}                             + . . . + .  +  .  . .  .
GET    /api/v1/orders                                              + . . . + .  +  .  . .  .
POST   /api/v1/orders                                              + . . . + .  +  .  . .  .
POST   /api/v1/orders/suggest                                      + . . . + .  +  .  . .  .
GET    /api/v1/orders/{order_id}                                   + . . . + .  +  .  . .  .
PATCH  /api/v1/orders/{order_id}                                   + . . . + .  +  .  . .  .
DELETE /api/v1/orders/{order_id}                                   + . . . + .  +  .  . .  .
PATCH  /api/v1/orders/{order_id}/status                            + . . . + .  +  .  . .  .
POST   /api/v1/orders/{order_id}/receipts                          + . . . + .  +  .  . .  .
POST   /api/v1/orders/{order_id}/apply                             + . . . + .  +  .  . .  .
GET    /api/v1/stocktakes                                          + . . . + +  +  +  . .  .
POST   /api/v1/stocktakes                                          + . . . + +  +  +  . .  .
GET    /api/v1/stocktakes/{stocktake_id}                           + . . . + +  +  +  . .  .
POST   /api/v1/stocktakes/{stocktake_id}/lines                     + . . . + +  +  +  . .  .
POST   /api/v1/stocktakes/{stocktake_id}/close                     + . . . + +  +  +  . .  .
POST   /api/v1/stocktakes/{stocktake_id}/cancel                    + . . . + +  +  +  . .  .
GET    /api/v1/controlled-register                                 . . . . . +  +  +  . .  .
GET    /api/v1/controlled-register/{entry_id}                      . . . . . +  +  +  . .  .
POST   /api/v1/controlled-register/{entry_id}/corrections          . . . . . +  +  .  . .  .
GET    /api/v1/transactions                                        . . . . . +  +  .  + .  .
POST   /api/v1/transactions                                        . . . . . +  +  .  + .  .
GET    /api/v1/transactions/{transaction_id}                       . . . . . +  +  .  + .  .
POST   /api/v1/transactions/{transaction_id}/refund                . . . . . +  +  .  + .  .
GET    /api/v1/transactions/{transaction_id}/receipt               . . . . . +  +  .  + .  .
GET    /api/v1/transactions/{transaction_id}/receipt.pdf           . . . . . +  +  .  + .  .
GET    /api/v1/inventory-updates                                   + . . . + +  +  +  . .  .
POST   /api/v1/inventory-updates                                   + . . . + .  +  .  . .  .
GET    /api/v1/inventory-updates/{movement_id}                     + . . . + +  +  +  . .  .
"""


def cells() -> dict[tuple[str, str], dict[str, str]]:
    """Return (method, path) -> column -> mark."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for line in GRID.splitlines():
        if not line or line.startswith("#"):
            continue
        method, path, *marks = line.split()
        assert len(marks) == len(COLUMNS), line
        assert set(marks) <= set("+.?"), line
        assert (method, path) not in found, line
        found[method, path] = dict(zip(COLUMNS, marks, strict=True))
    return found

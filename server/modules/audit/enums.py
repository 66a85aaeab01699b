"""The words of the audit log: which recorded action is which activity of a user."""

ACTIVITY_OF_ACTION = {
    "auth.login": "login",
    "auth.logout": "logout",
    "users.unlock": "unlock_account",
    "inventory.update": "inventory_update",
    "users.invite": "create_user",
    "users.deactivate": "delete_user",
    "users.update": "update_user",
    "patients.register": "create_patient",
    "patients.deactivate": "delete_patient",
    "patients.update": "update_patient",
    "prescriptions.write": "create_prescription",
    "medications.create": "create_medication",
    "medications.deactivate": "delete_medication",
    "medications.update": "update_medication",
}
ACTIVITY_TYPES = (*ACTIVITY_OF_ACTION.values(), "other", "error")

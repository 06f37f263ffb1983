# SPDX-License-Identifier: GPL-3.0-or-later
"""Who registers domains in tests."""

from __future__ import annotations

PERSON = {
    "FirstName": "A",
    "LastName": "B",
    "ContactType": "PERSON",
    "AddressLine1": "1",
    "City": "Tokyo",
    "CountryCode": "JP",
    "ZipCode": "100-0001",
    "PhoneNumber": "+81.312345678",
    "Email": "a@example.com",
}
CONTACTS = {f"{kind}Contact": PERSON for kind in ("Admin", "Registrant", "Tech")}
"""Of `RegisterDomain`: https://docs.aws.amazon.com/Route53/latest/APIReference/API_domains_RegisterDomain.html."""

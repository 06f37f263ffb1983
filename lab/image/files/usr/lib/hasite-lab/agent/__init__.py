# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSM agent of the lab's machines: real sessions over the real protocol, on Debian's Python alone.

It stands in for amazon-ssm-agent and does what that does, by its public source: credentials from
the metadata service, signed registration and heartbeats, a control channel, and a data channel a session.
"""

VERSION = "3.3.0.0"
"""The agent whose behaviour this one has; clients decide by it what they may use."""

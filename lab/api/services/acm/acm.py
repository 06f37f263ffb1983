# SPDX-License-Identifier: GPL-3.0-or-later
"""ACM as AWS has it: a certificate is issued when its proof can be looked up, and stays while it is used."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.acm.exceptions import AWSError, CertificateNotFound
from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.responses import ActionResult

from lab.api.moto.extension import replaces
from lab.api.services.acm.certificate import PENDING, RequestedCertificate, proof_for
from lab.base.authority import KEY_ALGORITHMS, KeyPair
from lab.base.backends import ACCOUNT, Backends
from lab.context import Context
from lab.engines.recursor import Recursor
from lab.world.names import names
from lab.world.names.certificate_authority import caa_allows
from lab.world.names.names import ancestors

RECORDS_KNOWN_AFTER = 2.0
"""Lab seconds from a request until the certificate's validation records can be read."""

LOOK_EVERY = 5.0
"""Lab seconds between two looks for the proof."""

_DOMAIN = re.compile(r"(\*\.)?(((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+((?!-)[A-Za-z0-9-]{2,63}(?<!-)))\Z")
_log = logging.getLogger(__name__)


def extend(context: Context) -> None:
    """Put requests, their validation and AWS's refusals into moto."""
    _request(context)
    _import()
    _reading(context)
    _deletion(context)


def certificate(arn: str) -> KeyPair | None:
    """Return an issued certificate with its chain and key, for who presents it; None while there is none."""
    parts = arn.split(":")
    if len(parts) != 6:
        return None
    bundle = Backends().at("acm", parts[3])._certificates.get(arn)
    if bundle is None or bundle.status != "ISSUED":
        return None
    chain = bundle.chain.decode() if bundle.chain else ""
    return KeyPair(_lined(bundle.cert.decode()), _lined(chain), _lined(bundle.key.decode()))


def _lined(pem: str) -> str:
    return f"{pem.strip()}\n" if pem.strip() else ""


def _refusal(code: str, message: str) -> AWSError:
    return AWSError(message, exception_type=code)


def users_of(backends: Backends, arn: str) -> list[str]:
    """Return the ARNs of the load balancers and distributions that present a certificate."""
    return [*_balancers_with(backends, arn), *_distributions_with(backends, arn)]


def _balancers_with(backends: Backends, arn: str) -> Iterator[str]:
    for _, elbv2 in backends.regional("elbv2"):
        for balancer in elbv2.load_balancers.values():
            presented = {arn for listener in balancer.listeners.values() for arn in _presented(listener)}
            if arn in presented:
                yield balancer.arn


def _presented(listener: Any) -> Iterator[str]:
    for certificate in (listener.certificate, *(listener.certificates or ())):
        found = (
            certificate.get("certificate_arn") or certificate.get("CertificateArn")
            if isinstance(certificate, dict)
            else certificate
        )
        if found:
            yield str(found)


def _distributions_with(backends: Backends, arn: str) -> Iterator[str]:
    for distribution in backends.at("cloudfront", "aws").distributions.values():
        if distribution.distribution_config["ViewerCertificate"].get("ACMCertificateArn") == arn:
            yield distribution.arn


def _request(context: Context) -> None:
    @replaces(AWSCertificateManagerResponse, "request_certificate")
    def request_certificate(_original: Callable[..., Any], self: Any) -> ActionResult:
        names = [self._get_param("DomainName"), *(self._get_param("SubjectAlternativeNames") or ())]
        names = [name.lower() for name in names if name]
        algorithm = self._get_param("KeyAlgorithm") or "RSA_2048"
        _check_request(names, algorithm, self._get_param("CertificateAuthorityArn"))
        backend = self.acm_backend
        wanted = (tuple(names), algorithm)
        token = self._get_param("IdempotencyToken")
        known = backend._get_arn_from_idempotency_token(token) if token else None
        if known and getattr(backend._certificates.get(known), "wanted", None) == wanted:
            return ActionResult({"CertificateArn": known})
        # https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html: e-mail is what AWS takes
        # when no method is named. Nobody reads mail in the lab, so such a certificate stays pending.
        method = self._get_param("ValidationMethod") or "EMAIL"
        made = RequestedCertificate(backend.region_name, names, algorithm, method, self._get_param("Options"))
        made.wanted = wanted
        if self._get_param("Tags"):
            made.tags.add(self._get_param("Tags"))
        backend._certificates[made.arn] = made
        if token:
            backend._set_idempotency_token_arn(token, made.arn)
        if method == "DNS":
            asyncio.run_coroutine_threadsafe(_validate(context, backend, made), context.loop)
        return ActionResult({"CertificateArn": made.arn})


def _check_request(names: list[str], algorithm: str, authority: str | None) -> None:
    for name in names:
        if not _DOMAIN.match(name) or len(name) > 253:
            raise _refusal(
                "ValidationException",
                f"1 validation error detected: Value '{name}' at 'domainName' failed to satisfy constraint: "
                "Member must be a domain name.",
            )
    # RFC 5280's limit of a common name; further names may be longer.
    if len(names[0]) > 64:
        raise _refusal("ValidationException", "The first domain name can be no longer than 64 characters.")
    if len(set(names)) > 10:
        raise _refusal("LimitExceededException", "A certificate has up to 10 domain names.")
    if authority:
        raise _refusal("NotImplemented", "The lab has no private certificate authorities.")
    if algorithm not in KEY_ALGORITHMS:
        raise _refusal(
            "ValidationException", f"KeyAlgorithm is {algorithm}; the lab issues {', '.join(KEY_ALGORITHMS)}."
        )


def resume(context: Context) -> None:
    """Look for the proofs of a world's certificates that were not issued when it was saved."""
    for _region, backend in context.backends.regional("acm"):
        for found in backend._certificates.values():
            if isinstance(found, RequestedCertificate) and found.status == PENDING and found.method == "DNS":
                asyncio.run_coroutine_threadsafe(_validate(context, backend, found), context.loop)


async def _validate(context: Context, backend: Any, pending: RequestedCertificate) -> None:
    """Look for the proofs from the root down until all are there, then issue the certificate."""
    if not pending.records_known:
        await context.waits.wait(
            "certificate, records to prove",
            pending.arn,
            otherwise=RECORDS_KNOWN_AFTER,
            label=", ".join(pending.sans),
            provides=[f"proof {names.plain(proof_for(name).name)}" for name in pending.sans],
        )
    pending.records_known = True
    while backend._certificates.get(pending.arn) is pending and pending.status == PENDING:
        try:
            await _look(context, pending)
        except Exception:  # looked at again; what went wrong is in the log
            _log.exception("The certificate for %s could not be validated", pending.common_name)
        if pending.status == PENDING:
            await context.clock.sleep(LOOK_EVERY)


async def _look(context: Context, pending: RequestedCertificate) -> None:
    # A certificate authority does not trust a cache.
    recursor = Recursor(context, cached=False, forward=False)
    for name in pending.sans:
        proof = proof_for(name)
        found = await recursor.lookup(proof.name.rstrip("."), "CNAME")
        if proof.value in {line.value.lower() for line in found.answer}:
            pending.proven.add(name)
    if not pending.proven.issuperset(pending.sans):
        return
    for name in pending.sans:
        if not await _caa_allows(recursor, name):
            pending.status, pending.failure = "FAILED", "CAA_ERROR"
            _log.info("No certificate for %s: its CAA records do not name Amazon", name)
            return
    await context.waits.wait(
        "certificate issued",
        pending.arn,
        otherwise=0,
        label=", ".join(pending.sans),
        needs=[
            *_zones_above(context, pending.sans),
            *(f"record {names.plain(proof_for(n).name)}" for n in pending.sans),
        ],
    )
    pair = await asyncio.get_running_loop().run_in_executor(
        None, context.authority.issue, pending.sans, pending.algorithm
    )
    with context.lock:
        pending.issue(pair)
    _log.info("The certificate for %s is issued", ", ".join(pending.sans))
    context.mark_dirty()


def _zones_above(context: Context, domains: Iterable[str]) -> Iterator[str]:
    above = {ancestor for domain in domains for ancestor in ancestors(domain.removeprefix("*."))}
    for zone in context.backends.at("route53", "aws").zones.values():
        if names.plain(zone.name) in above:
            yield zone.resource_id


async def _caa_allows(recursor: Recursor, name: str) -> bool:
    """Climb from the name to the first domain with CAA records (RFC 8659, section 3) and read them."""
    base = name.removeprefix("*.")
    for domain in (base, *ancestors(base)):
        found = [line.value for line in (await recursor.lookup(domain, "CAA")).answer if line.type == "CAA"]
        if found:
            return caa_allows(found, wildcard=name.startswith("*."))
    return True


def _import() -> None:
    @replaces(CertBundle, "__init__")
    def init(original: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the chain as it was given: moto adds a root that nobody sent."""
        original(self, *args, **kwargs)
        chain = kwargs.get("chain") or (args[3] if len(args) > 3 else None)
        self.chain = chain or b""


def _reading(context: Context) -> None:
    @replaces(AWSCertificateManagerBackend, "get_certificate")
    def get_certificate(original: Callable[..., Any], self: Any, arn: str) -> CertBundle:
        bundle = original(self, arn)
        bundle.in_use_by = users_of(context.backends, arn)
        return bundle

    @replaces(AWSCertificateManagerResponse, "get_certificate")
    def get(_original: Callable[..., Any], self: Any) -> ActionResult:
        arn = self._get_param("CertificateArn")
        bundle = self.acm_backend.get_certificate(arn)
        if bundle.status != "ISSUED":
            raise _refusal("RequestInProgressException", f"Certificate {arn} has not been issued.")
        # One that was imported without a chain is its own: so the upstream collection's test has it, run against AWS.
        chain = bundle.chain or bundle.cert
        return ActionResult({"Certificate": bundle.cert.decode(), "CertificateChain": chain.decode()})


def _deletion(context: Context) -> None:
    @replaces(AWSCertificateManagerBackend, "delete_certificate")
    def delete_certificate(original: Callable[..., Any], self: Any, arn: str) -> None:
        if arn not in self._certificates:
            raise CertificateNotFound(arn=arn, account_id=ACCOUNT)
        if users_of(context.backends, arn):
            raise _refusal(
                "ResourceInUseException",
                f"Certificate {arn} in account {ACCOUNT} is in use.",
            )
        original(self, arn)

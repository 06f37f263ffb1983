# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS keys that sign, as strangers' clients meet them: what is signed fits the public key outside of KMS, too."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.unit.lab.served import Served, serve

TEXT = b"what is signed"
DIGEST = hashlib.sha256(TEXT).digest()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("kms")) as made:
        yield made


@pytest.fixture(scope="module")
def kms(served: Served) -> Any:
    return served.client("kms")


def key_of(kms: Any, spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
    return str(kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def key(kms: Any) -> str:
    made = key_of(kms)
    kms.create_alias(AliasName="alias/signer", TargetKeyId=made)
    return made


def refused(code: str, call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


@pytest.mark.parametrize(("kind", "message"), [("RAW", TEXT), ("DIGEST", DIGEST)])
@pytest.mark.parametrize("name", ["alias/signer", "the ARN", "the id"])
def test_a_signature_fits_the_public_key(kms: Any, key: str, kind: str, message: bytes, name: str) -> None:
    given = {"the ARN": key, "the id": key.rpartition("/")[2]}.get(name, name)
    told = kms.get_public_key(KeyId=given)
    assert (told["KeyId"], told["KeySpec"], told["SigningAlgorithms"]) == (key, "ECC_NIST_P256", ["ECDSA_SHA_256"])
    request = {"KeyId": given, "Message": message, "MessageType": kind, "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**request)["Signature"]
    public: Any = serialization.load_der_public_key(told["PublicKey"])
    public.verify(signature, TEXT, ec.ECDSA(hashes.SHA256()))
    assert kms.verify(**request, Signature=signature)["SignatureValid"]


@pytest.mark.parametrize("algorithm", ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"])
def test_so_it_is_with_rsa(kms: Any, algorithm: str) -> None:
    request = {"KeyId": key_of(kms, "RSA_2048"), "Message": DIGEST, "MessageType": "DIGEST"}
    signature = kms.sign(**request, SigningAlgorithm=algorithm)["Signature"]
    public: Any = serialization.load_der_public_key(kms.get_public_key(KeyId=request["KeyId"])["PublicKey"])
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    public.verify(signature, TEXT, pss if "PSS" in algorithm else padding.PKCS1v15(), hashes.SHA256())


def test_what_does_not_fit_is_refused(kms: Any, key: str) -> None:
    request = {"KeyId": key, "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**request, Message=TEXT)["Signature"]
    other = kms.sign(**{**request, "KeyId": key_of(kms)}, Message=TEXT)["Signature"]
    for message, given in ((b"another", signature), (TEXT, other), (TEXT, b"no signature")):
        refused("KMSInvalidSignatureException", kms.verify, **request, Message=message, Signature=given)


def test_what_aws_refuses_is_refused(kms: Any, key: str) -> None:
    request = {"KeyId": key, "Message": TEXT, "SigningAlgorithm": "ECDSA_SHA_256"}
    said = refused("NotFoundException", kms.sign, **{**request, "KeyId": "alias/nobodys"})
    assert re.match(r"Alias arn:aws:kms:.*:alias/nobodys is not found\.", said)
    refused("ValidationException", kms.sign, **request, MessageType="DIGEST")
    refused("ValidationException", kms.sign, **{**request, "Message": b"x" * 4097})
    refused("InvalidKeyUsageException", kms.sign, **{**request, "SigningAlgorithm": "ECDSA_SHA_384"})
    plain = key_of(kms, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    refused("InvalidKeyUsageException", kms.sign, **{**request, "KeyId": plain})
    refused("UnsupportedOperationException", kms.get_public_key, KeyId=plain)


def test_a_key_that_is_switched_off_signs_nothing(kms: Any) -> None:
    key = key_of(kms)
    request = {"KeyId": key, "Message": TEXT, "SigningAlgorithm": "ECDSA_SHA_256"}
    kms.disable_key(KeyId=key)
    refused("DisabledException", kms.sign, **request)
    kms.enable_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key)
    refused("KMSInvalidStateException", kms.sign, **request)
    refused("KMSInvalidStateException", kms.get_public_key, KeyId=key)


def test_a_user_needs_the_right_for_this_key(served: Served, kms: Any, key: str) -> None:
    iam = served.client("iam")
    iam.create_user(UserName="publisher")
    own = iam.create_access_key(UserName="publisher")["AccessKey"]
    keys = {"aws_access_key_id": own["AccessKeyId"], "aws_secret_access_key": own["SecretAccessKey"]}
    mine = served.client("kms", **keys)
    request = {"KeyId": "alias/signer", "Message": TEXT, "SigningAlgorithm": "ECDSA_SHA_256"}
    refused("AccessDeniedException", mine.sign, **request)
    allowed = {"Effect": "Allow", "Action": "kms:Sign", "Resource": key}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="publisher", PolicyName="sign", PolicyDocument=policy)
    assert mine.sign(**request)["KeyId"] == key
    refused("AccessDeniedException", mine.sign, **{**request, "KeyId": key_of(kms)})


@pytest.mark.parametrize("body", ['{"KeyId": "alias/signer", "Message": "%%%"}', "[]", '{"KeyId": 3}', "no json"])
@pytest.mark.parametrize("operation", ["Sign", "Verify", "GetPublicKey"])
def test_no_input_breaks_it(served: Served, key: str, operation: str, body: str) -> None:
    headers = {"X-Amz-Target": f"TrentService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", served.url + "/", headers, body.encode())
    owner = served.context.owner
    SigV4Auth(Credentials(owner.access_key, owner.secret_key), "kms", "ap-northeast-1").add_auth(request)
    answer = requests.post(served.url + "/", body.encode(), headers=dict(request.headers), timeout=10)
    assert answer.status_code in (200, 400), answer.text
    assert answer.text


def test_a_key_says_that_it_is_of_one_region(kms: Any, key: str) -> None:
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["MultiRegion"] is False

# SPDX-License-Identifier: GPL-3.0-or-later
"""What EFS's automatic backups make in AWS Backup and KMS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.unit.lab.served import serve
from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

VAULT = "aws/efs/automatic-backup-vault"
TAG = {"Key": "aws:elasticfilesystem:default-backup", "Value": "enabled"}


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def backup(account: Account) -> Any:
    return account.client("backup", REGION)


@pytest.fixture
def share(account: Account) -> str:
    efs = account.client("efs", REGION)
    made: str = efs.create_file_system(CreationToken="share", Encrypted=True)["FileSystemId"]
    return made


@pytest.fixture
def backed_up(account: Account, share: str) -> str:
    efs = account.client("efs", REGION)
    efs.put_backup_policy(FileSystemId=share, BackupPolicy={"Status": "ENABLED"})
    return share


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_an_account_without_backups_has_no_vault(backup: Any, share: str) -> None:
    assert backup.list_backup_vaults()["BackupVaultList"] == []
    assert backup.list_backup_plans()["BackupPlansList"] == []


def test_automatic_backups_make_a_vault_and_a_plan_once(account: Account, backup: Any, backed_up: str) -> None:
    efs = account.client("efs", REGION)
    efs.create_file_system(CreationToken="other", Backup=True)
    (vault,) = backup.list_backup_vaults()["BackupVaultList"]
    assert (vault["BackupVaultName"], vault["NumberOfRecoveryPoints"]) == (VAULT, 0)
    key = account.client("kms", REGION).describe_key(KeyId=vault["EncryptionKeyArn"])["KeyMetadata"]
    assert key["KeyManager"] == "AWS"
    assert backup.describe_backup_vault(BackupVaultName=VAULT)["BackupVaultArn"] == vault["BackupVaultArn"]
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    assert plan["BackupPlanName"] == "aws/efs/automatic-backup-plan"
    assert plan["BackupPlanArn"].endswith(f":backup-plan:{plan['BackupPlanId']}")


def test_the_plan_tells_what_it_backs_up_and_when(backup: Any, backed_up: str) -> None:
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    (rule,) = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    assert (rule["TargetBackupVaultName"], rule["Lifecycle"]) == (VAULT, {"DeleteAfterDays": 35})
    (one,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    found = backup.get_backup_selection(BackupPlanId=plan["BackupPlanId"], SelectionId=one["SelectionId"])
    (condition,) = found["BackupSelection"]["ListOfTags"]
    assert (condition["ConditionKey"], condition["ConditionValue"]) == (TAG["Key"], TAG["Value"])


def test_a_plan_of_ones_own_is_read_and_deleted(backup: Any) -> None:
    rules = [{"RuleName": "daily", "TargetBackupVaultName": "mine"}]
    made = backup.create_backup_plan(BackupPlan={"BackupPlanName": "mine", "Rules": rules})["BackupPlanId"]
    assert backup.get_backup_plan(BackupPlanId=made)["BackupPlan"]["BackupPlanName"] == "mine"
    assert backup.list_backup_selections(BackupPlanId=made)["BackupSelectionsList"] == []
    assert refused(backup.get_backup_selection, BackupPlanId=made, SelectionId="x") == "ResourceNotFoundException"
    backup.delete_backup_plan(BackupPlanId=made)
    assert backup.list_backup_plans()["BackupPlansList"] == []


@pytest.fixture
def plan(backup: Any) -> str:
    rules = [{"RuleName": "daily", "TargetBackupVaultName": "mine"}]
    made: str = backup.create_backup_plan(BackupPlan={"BackupPlanName": "mine", "Rules": rules})["BackupPlanId"]
    return made


def role(account: Account, service: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = account.client("iam", REGION).create_role(RoleName=service, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def test_a_plan_takes_what_its_selections_say(account: Account, backup: Any, plan: str) -> None:
    inside = {"SelectionName": "all", "IamRoleArn": role(account, "backup.amazonaws.com"), "Resources": ["*"]}
    made = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=inside)
    (listed,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    assert (listed["SelectionId"], listed["SelectionName"]) == (made["SelectionId"], "all")
    found = backup.get_backup_selection(BackupPlanId=plan, SelectionId=made["SelectionId"])
    assert found["BackupSelection"] == inside
    again = {"BackupPlanId": plan, "BackupSelection": inside}
    assert refused(backup.create_backup_selection, **again) == "AlreadyExistsException"
    assert refused(backup.delete_backup_plan, BackupPlanId=plan) == "InvalidRequestException"
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=made["SelectionId"])
    assert backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"] == []
    backup.delete_backup_plan(BackupPlanId=plan)


@pytest.mark.parametrize(
    "wrong", [{"SelectionName": "two words"}, {"Resources": []}, {"IamRoleArn": "arn:aws:iam::123456789012:role/none"}]
)
def test_a_selection_that_can_not_work_is_refused(
    account: Account, backup: Any, plan: str, wrong: dict[str, Any]
) -> None:
    inside = {"SelectionName": "all", "IamRoleArn": role(account, "backup.amazonaws.com"), "Resources": ["*"], **wrong}
    told = {"BackupPlanId": plan, "BackupSelection": inside}
    assert refused(backup.create_backup_selection, **told) == "InvalidParameterValueException"


def test_a_role_of_another_service_is_refused(account: Account, backup: Any, plan: str) -> None:
    inside = {"SelectionName": "all", "IamRoleArn": role(account, "ec2.amazonaws.com"), "Resources": ["*"]}
    told = {"BackupPlanId": plan, "BackupSelection": inside}
    assert refused(backup.create_backup_selection, **told) == "InvalidParameterValueException"


def test_a_changed_plan_keeps_its_id_and_its_earlier_versions(backup: Any, plan: str) -> None:
    first = backup.get_backup_plan(BackupPlanId=plan)
    rules = [{"RuleName": "weekly", "TargetBackupVaultName": "mine", "ScheduleExpression": "cron(0 5 ? * 1 *)"}]
    second = backup.update_backup_plan(BackupPlanId=plan, BackupPlan={"BackupPlanName": "mine", "Rules": rules})
    assert (second["BackupPlanId"], second["BackupPlanArn"]) == (plan, first["BackupPlanArn"])
    assert backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"][0]["RuleName"] == "weekly"
    before = backup.get_backup_plan(BackupPlanId=plan, VersionId=first["VersionId"])
    assert before["BackupPlan"]["Rules"][0]["RuleName"] == "daily"
    listed = [one["VersionId"] for one in backup.list_backup_plan_versions(BackupPlanId=plan)["BackupPlanVersionsList"]]
    assert listed == [second["VersionId"], first["VersionId"]]
    assert refused(backup.get_backup_plan, BackupPlanId=plan, VersionId="none") == "ResourceNotFoundException"


def test_what_efs_has_made_stays(backup: Any, backed_up: str) -> None:
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    assert refused(backup.delete_backup_plan, BackupPlanId=plan["BackupPlanId"]) == "AccessDeniedException"
    (one,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    told = {"BackupPlanId": plan["BackupPlanId"], "SelectionId": one["SelectionId"]}
    assert refused(backup.delete_backup_selection, **told) == "AccessDeniedException"
    assert refused(backup.delete_backup_vault, BackupVaultName=VAULT) == "AccessDeniedException"
    backup.create_backup_vault(BackupVaultName="mine")
    backup.delete_backup_vault(BackupVaultName="mine")
    assert [one["BackupVaultName"] for one in backup.list_backup_vaults()["BackupVaultList"]] == [VAULT]


def test_nothing_has_been_backed_up(account: Account, backup: Any, backed_up: str) -> None:
    arn = f"arn:aws:elasticfilesystem:{REGION}:123456789012:file-system/{backed_up}"
    assert backup.list_recovery_points_by_resource(ResourceArn=arn)["RecoveryPoints"] == []
    assert backup.list_recovery_points_by_backup_vault(BackupVaultName=VAULT)["RecoveryPoints"] == []
    assert backup.list_protected_resources()["Results"] == []
    assert backup.list_backup_jobs()["BackupJobs"] == []
    assert refused(backup.describe_restore_job, RestoreJobId="1") == "ResourceNotFoundException"
    assert refused(backup.list_recovery_points_by_backup_vault, BackupVaultName="none") == "AccessDeniedException"


def test_the_file_system_bears_the_system_tag_while_it_is_backed_up(account: Account, backed_up: str) -> None:
    efs = account.client("efs", REGION)
    assert TAG in efs.list_tags_for_resource(ResourceId=backed_up)["Tags"]
    assert TAG in efs.describe_file_systems(FileSystemId=backed_up)["FileSystems"][0]["Tags"]
    efs.put_backup_policy(FileSystemId=backed_up, BackupPolicy={"Status": "DISABLED"})
    assert TAG not in efs.list_tags_for_resource(ResourceId=backed_up)["Tags"]


@pytest.mark.parametrize("wrong", [{"BackupPolicy": {"Status": "MAYBE"}}, {"BackupPolicy": {}}])
def test_a_policy_without_a_status_is_refused(account: Account, share: str, wrong: dict[str, Any]) -> None:
    unchecked = boto3.client("efs", REGION, config=Config(parameter_validation=False))
    assert refused(unchecked.put_backup_policy, FileSystemId=share, **wrong) == "BadRequest"


def test_system_tags_are_nobodys_to_change(account: Account, backed_up: str) -> None:
    efs = account.client("efs", REGION)
    assert refused(efs.untag_resource, ResourceId=backed_up, TagKeys=[TAG["Key"]]) == "BadRequest"
    assert refused(efs.tag_resource, ResourceId=backed_up, Tags=[{"Key": "aws:x", "Value": "y"}]) == "BadRequest"
    assert TAG in efs.list_tags_for_resource(ResourceId=backed_up)["Tags"]


def test_an_encrypted_file_system_has_a_key_that_kms_knows(account: Account, share: str) -> None:
    found = account.client("efs", REGION).describe_file_systems(FileSystemId=share)["FileSystems"][0]
    key = account.client("kms", REGION).describe_key(KeyId=found["KmsKeyId"])["KeyMetadata"]
    assert (key["KeyManager"], key["Arn"]) == ("AWS", found["KmsKeyId"])
    alias = account.client("kms", REGION).describe_key(KeyId="alias/aws/elasticfilesystem")["KeyMetadata"]
    assert alias["Arn"] == key["Arn"]


def test_slashes_in_ids_come_through_http(tmp_path: Path) -> None:
    with serve(tmp_path) as api:
        efs, backup = api.client("efs"), api.client("backup")
        efs.create_file_system(CreationToken="share", Backup=True)
        (plan,) = backup.list_backup_plans()["BackupPlansList"]
        assert backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlanId"] == plan["BackupPlanId"]
        assert len(backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]) == 1
        assert backup.describe_backup_vault(BackupVaultName=VAULT)["BackupVaultName"] == VAULT
        assert backup.list_recovery_points_by_backup_vault(BackupVaultName=VAULT)["RecoveryPoints"] == []
        arn = f"arn:aws:elasticfilesystem:{REGION}:123456789012:file-system/fs-1"
        assert backup.list_recovery_points_by_resource(ResourceArn=arn)["RecoveryPoints"] == []
        assert backup.list_tags(ResourceArn=plan["BackupPlanArn"])["Tags"] == {}

"""The fields of the STS and IAM operations that moto does. No policy is enforced."""

from local_cloud.catalog.entities import ACCOUNT
from local_cloud.errors import AwsError
from local_cloud.fields.declaration import Fields, Service, fields

_NARROWING = "no policy is enforced, so none can narrow a session"
_MFA = "there are no devices to ask"
_UNUSED = "nothing here reads it"

_STS: dict[str, Fields] = {
    "GetCallerIdentityRequest": fields(),
    "AssumeRoleRequest": fields(
        "RoleArn RoleSessionName DurationSeconds",
        neutral={"ExternalId": "trust policies are not evaluated"},
        refused={
            "PolicyArns Policy": _NARROWING,
            "Tags TransitiveTagKeys SourceIdentity ProvidedContexts": _UNUSED,
            "SerialNumber TokenCode": _MFA,
            "MinimumSessionTokenSize": "tokens have one length here",
        },
    ),
    "GetSessionTokenRequest": fields(
        "DurationSeconds",
        refused={
            "SerialNumber TokenCode": _MFA,
            "MinimumSessionTokenSize": "tokens have one length here",
        },
    ),
}


def _own_account(request: dict[str, object]) -> None:
    if f":{ACCOUNT}:" not in str(request["RoleArn"]):
        raise AwsError(
            "AccessDenied", f"RoleArn {request['RoleArn']}: only account {ACCOUNT} is here", 403
        )


STS = Service(
    "sts",
    "ValidationError",
    frozenset({"GetCallerIdentity", "AssumeRole", "GetSessionToken"}),
    _STS,
    checks={"AssumeRole": _own_account},
)

_IAM: dict[str, Fields] = {
    "CreateRoleRequest": fields(
        "Path RoleName AssumeRolePolicyDocument Description MaxSessionDuration Tags",
        refused={"PermissionsBoundary": "no policy is enforced, so none can bound a role"},
    ),
    "Tag": fields("Key Value"),
    "GetRoleRequest": fields("RoleName"),
    "ListRolesRequest": fields("PathPrefix Marker MaxItems"),
    "DeleteRoleRequest": fields("RoleName"),
    "PutRolePolicyRequest": fields("RoleName PolicyName PolicyDocument"),
    "GetRolePolicyRequest": fields("RoleName PolicyName"),
    "ListRolePoliciesRequest": fields(
        "RoleName", refused={"Marker MaxItems": "a role's policies are listed at once"}
    ),
    "DeleteRolePolicyRequest": fields("RoleName PolicyName"),
}
IAM = Service(
    "iam",
    "ValidationError",
    frozenset(
        [
            "CreateRole",
            "GetRole",
            "ListRoles",
            "DeleteRole",
            "PutRolePolicy",
            "GetRolePolicy",
            "ListRolePolicies",
            "DeleteRolePolicy",
        ]
    ),
    _IAM,
)

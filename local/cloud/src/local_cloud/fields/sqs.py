"""The fields of the SQS operations that moto does."""

from local_cloud.catalog.entities import ACCOUNT
from local_cloud.fields.declaration import Fields, Service, fields

OPERATIONS = frozenset(
    [
        "CreateQueue",
        "GetQueueUrl",
        "ListQueues",
        "DeleteQueue",
        "PurgeQueue",
        "GetQueueAttributes",
        "SetQueueAttributes",
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "TagQueue",
        "UntagQueue",
        "ListQueueTags",
    ]
)
_MESSAGE = "MessageBody DelaySeconds MessageAttributes MessageDeduplicationId MessageGroupId"
_TRACES = "traces are not there"
_READ_ONLY = "read only, says the API reference"
# Every name that GetQueueAttributes and ReceiveMessage may be asked for.
_QUEUE_ATTRIBUTES = (
    "All",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "FifoQueue",
    "ContentBasedDeduplication",
)
_MESSAGE_ATTRIBUTES = (
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
)

_QUEUES: dict[str, Fields] = {
    "CreateQueueRequest": fields("QueueName Attributes tags"),
    # By the names of a queue's attributes.
    "QueueAttributeMap": fields(
        "VisibilityTimeout MaximumMessageSize MessageRetentionPeriod DelaySeconds "
        "ReceiveMessageWaitTimeSeconds RedrivePolicy FifoQueue ContentBasedDeduplication",
        values={"SqsManagedSseEnabled": ("false",)},
        neutral={"Policy RedriveAllowPolicy": "no policy is enforced"},
        refused={
            "KmsMasterKeyId KmsDataKeyReusePeriodSeconds": "messages are not encrypted here",
            "DeduplicationScope FifoThroughputLimit": "high throughput of FIFO is not there",
            "All QueueArn CreatedTimestamp LastModifiedTimestamp ApproximateNumberOfMessages "
            "ApproximateNumberOfMessagesNotVisible ApproximateNumberOfMessagesDelayed": (
                _READ_ONLY
            ),
        },
    ),
    "GetQueueUrlRequest": fields("QueueName", values={"QueueOwnerAWSAccountId": (ACCOUNT,)}),
    "ListQueuesRequest": fields("QueueNamePrefix NextToken MaxResults"),
    "DeleteQueueRequest": fields("QueueUrl"),
    "PurgeQueueRequest": fields("QueueUrl"),
    "GetQueueAttributesRequest": fields(
        "QueueUrl", values={"AttributeNames": _QUEUE_ATTRIBUTES}
    ),
    "SetQueueAttributesRequest": fields("QueueUrl Attributes"),
    "TagQueueRequest": fields("QueueUrl Tags"),
    "UntagQueueRequest": fields("QueueUrl TagKeys"),
    "ListQueueTagsRequest": fields("QueueUrl"),
}

_MESSAGES: dict[str, Fields] = {
    "SendMessageRequest": fields(
        f"QueueUrl {_MESSAGE}", refused={"MessageSystemAttributes": _TRACES}
    ),
    "SendMessageBatchRequest": fields("QueueUrl Entries"),
    "SendMessageBatchRequestEntry": fields(
        f"Id {_MESSAGE}", refused={"MessageSystemAttributes": _TRACES}
    ),
    "MessageAttributeValue": fields(
        "StringValue BinaryValue DataType",
        refused={
            "StringListValues BinaryListValues": "not implemented, says the API reference"
        },
    ),
    "ReceiveMessageRequest": fields(
        "QueueUrl MessageAttributeNames MaxNumberOfMessages VisibilityTimeout WaitTimeSeconds",
        values={"AttributeNames MessageSystemAttributeNames": _MESSAGE_ATTRIBUTES},
        refused={"ReceiveRequestAttemptId": "a receive is never the repetition of another"},
    ),
    "DeleteMessageRequest": fields("QueueUrl ReceiptHandle"),
    "DeleteMessageBatchRequest": fields("QueueUrl Entries"),
    "DeleteMessageBatchRequestEntry": fields("Id ReceiptHandle"),
    "ChangeMessageVisibilityRequest": fields("QueueUrl ReceiptHandle VisibilityTimeout"),
    "ChangeMessageVisibilityBatchRequest": fields("QueueUrl Entries"),
    "ChangeMessageVisibilityBatchRequestEntry": fields("Id ReceiptHandle VisibilityTimeout"),
}

SQS = Service(
    "sqs",
    "AWS.SimpleQueueService.UnsupportedOperation",
    OPERATIONS,
    {**_QUEUES, **_MESSAGES},
)

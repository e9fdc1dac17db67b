"""Parts of uploads are bytes, though their type is one that schemathesis does not know."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

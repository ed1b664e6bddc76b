package dev.tidemill.ingest;

import dev.tidemill.document.RefusalReason;
import dev.tidemill.run.DataError;

/// A document that is given up on.
final class Refusal extends DataError {

    private static final long serialVersionUID = 1;

    private final RefusalReason why;
    private final String mediaType;

    Refusal(RefusalReason why, String detail) {
        this(why, "application/octet-stream", detail);
    }

    Refusal(RefusalReason why, String mediaType, String detail) {
        super(why.name(), detail);
        this.why = why;
        this.mediaType = mediaType;
    }

    RefusalReason why() {
        return why;
    }

    String mediaType() {
        return mediaType;
    }
}

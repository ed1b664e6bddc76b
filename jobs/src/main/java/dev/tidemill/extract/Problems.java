package dev.tidemill.extract;

import dev.tidemill.document.RefusalReason;
import java.util.Locale;
import org.apache.poi.UnsupportedFileFormatException;
import org.apache.tika.exception.EncryptedDocumentException;
import org.apache.tika.exception.UnsupportedFormatException;

/// Says what the failure of a parser means for the file.
final class Problems {

    private static final int MAX_DETAIL = 300;

    private Problems() {}

    static RefusedException of(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause != null && depth < 20; depth++) {
            if (cause instanceof RefusedException refused) {
                return refused;
            }
            if (cause instanceof EncryptedDocumentException
                    || cause instanceof org.apache.poi.EncryptedDocumentException) {
                return new RefusedException(RefusalReason.ENCRYPTED, "It opens only with a password.", failure);
            }
            if (cause instanceof UnsupportedFormatException
                    || cause instanceof UnsupportedFileFormatException
                    || String.valueOf(cause.getMessage()).contains("Strict OOXML")) {
                return new RefusedException(
                        RefusalReason.UNSUPPORTED_TYPE, "Its variant cannot be read: " + describe(cause), failure);
            }
            if (cause instanceof StackOverflowError) {
                return new RefusedException(RefusalReason.BOMB, "It is nested too deep to be read.", failure);
            }
            if (isBomb(cause)) {
                return new RefusedException(
                        RefusalReason.BOMB, "It expands beyond the allowed ratio: " + describe(cause), failure);
            }
            cause = cause.getCause();
        }
        return new RefusedException(RefusalReason.CORRUPT, "It cannot be parsed: " + describe(failure), failure);
    }

    private static boolean isBomb(Throwable cause) {
        String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        return message.contains("zip bomb")
                || message.contains("entity expansion")
                || message.contains("jaxp00010001")
                || message.contains("jaxp00010003")
                || message.contains("jaxp00010004")
                || message.contains("exceeds the max")
                || message.contains("suspected");
    }

    /// The message of the innermost cause, which names what was found in the file.
    static String describe(Throwable failure) {
        Throwable cause = failure;
        for (int depth = 0; cause.getCause() != null && depth < 20; depth++) {
            cause = cause.getCause();
        }
        String message = cause.getMessage();
        String name = cause.getClass().getSimpleName();
        String text = BlockSink.collapse(BlockSink.clean(message == null ? name : message));
        return text.length() > MAX_DETAIL ? text.substring(0, BlockSink.cutPoint(text, MAX_DETAIL)) + "…" : text;
    }
}

package dev.tidemill.source;

import java.io.Closeable;
import org.jspecify.annotations.Nullable;

/// The items of a source, one after another. Two listings of an unchanged source yield the same keys.
public interface Listing extends Closeable {

    /// The next item, null at the end.
    @Nullable
    SourceItem next();

    /// How many items there are, 0 when that is only known at the end.
    long total();
}

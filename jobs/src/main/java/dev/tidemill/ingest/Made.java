package dev.tidemill.ingest;

import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors.Embedded;
import org.jspecify.annotations.Nullable;

/// A vector on its way into its set.
///
/// @param embedded null for a text that the model of a set which does not answer queries refuses: that set's own job
///     gives it up
record Made(VectorSet set, @Nullable Embedded embedded) {}

/// Letting go: the job `prune` removes what its retention is over for, the job `forget` removes a document, a source or
/// a text from everything and leaves a receipt. [Retention] holds the policies and the legal holds.
@NullMarked
package dev.tidemill.prune;

import org.jspecify.annotations.NullMarked;

package dev.tidemill.run;

import org.jspecify.annotations.Nullable;

/// What a step knows about its items, for the dead letters of those that it gives up on.
public interface Items<I> {

    /// Identity of the item within the job: one letter for each, however often it fails.
    String key(I item);

    /// The document version that the item is, null for none.
    default @Nullable Long versionId(I item) {
        return null;
    }

    /// How to get at the item's bytes, for a person: an address, a path, a hash.
    default @Nullable String payload(I item) {
        return null;
    }

    /// Notes in the data that the item was given up on, in the transaction of its chunk and of its letter.
    default void givenUp(I item, DataError error) {}
}

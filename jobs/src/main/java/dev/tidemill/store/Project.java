package dev.tidemill.store;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A project as queries and jobs see it.
///
/// @param liveSetId the vector set that answers queries, null before the first ingest
/// @param generation goes up with every change of what a query may see
public record Project(
        UUID workspaceId, UUID id, String slug, @Nullable Long liveSetId, long generation) {}

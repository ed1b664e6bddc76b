package dev.tidemill.store;

import java.util.UUID;

/// Which source of which project of which workspace.
public record SourceScope(UUID workspaceId, UUID projectId, UUID sourceId) {}

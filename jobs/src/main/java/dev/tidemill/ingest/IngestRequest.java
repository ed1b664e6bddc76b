package dev.tidemill.ingest;

import java.util.UUID;

/// What to ingest, and where to.
///
/// @param project slug of the project
/// @param sourceType directory, upload, urls or jsonl
/// @param location path of the folder or file, or the address
/// @param allowMassDelete retire documents missing at the source however many they are
public record IngestRequest(
        UUID workspaceId, String project, String sourceType, String location, boolean allowMassDelete) {

    public IngestRequest {
        if (project.isBlank()) {
            throw new IllegalArgumentException("project is empty: name the project to ingest into");
        }
        if (location.isBlank()) {
            throw new IllegalArgumentException("location is empty: name the folder, file or address to ingest");
        }
    }
}

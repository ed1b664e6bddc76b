package dev.tidemill.document;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// One ranked chunk with where it stands.
///
/// @param vectorRank 1-based rank in the vector leg, null when that leg did not return it
/// @param textRank 1-based rank in the full-text leg, null when that leg did not return it
/// @param vectorScore cosine similarity, null when the vector leg did not return it
/// @param textScore full-text score, null when that leg did not return it
/// @param score the fused score
/// @param runId the job run that wrote the chunk
public record Hit(
        long chunkId,
        UUID documentId,
        int version,
        String documentKey,
        String title,
        List<String> headingPath,
        int start,
        int end,
        @Nullable Integer firstPage,
        @Nullable Integer lastPage,
        @Nullable Long startMillis,
        @Nullable Long endMillis,
        String text,
        Map<String, String> metadata,
        @Nullable Integer vectorRank,
        @Nullable Integer textRank,
        @Nullable Double vectorScore,
        @Nullable Double textScore,
        double score,
        long runId) {

    public Hit {
        headingPath = List.copyOf(headingPath);
        metadata = Map.copyOf(metadata);
    }
}

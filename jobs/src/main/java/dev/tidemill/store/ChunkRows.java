package dev.tidemill.store;

import dev.tidemill.document.Hit;
import dev.tidemill.store.ChunkSearch.Standing;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// Reads chunks that were found, with all that is told about them. Call it inside a transaction of [Workspaces].
final class ChunkRows {

    private static final TypeReference<Map<String, Object>> METADATA = new TypeReference<>() {};

    private final JdbcClient jdbc;
    private final JsonMapper json = JsonMapper.shared();

    ChunkRows(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// The chunks among the given ones that are live, or were at a time, in the given order.
    List<Hit> load(Project project, List<Standing> standings, @Nullable Instant at) {
        Map<Long, Standing> byId =
                standings.stream().collect(Collectors.toMap(Standing::chunkId, standing -> standing));
        Map<Long, Hit> hits = new HashMap<>();
        jdbc.sql("""
                        SELECT c.id, c.document_id, v.version, d.key, coalesce(v.title, v.file_name) AS title,
                               c.heading_path, c.start_offset, c.end_offset, c.first_page, c.last_page,
                               c.start_millis, c.end_millis, c.text, v.metadata, c.run_id
                        FROM chunks c
                        JOIN document_versions v ON v.workspace_id = c.workspace_id AND v.id = c.version_id
                        JOIN documents d ON d.workspace_id = c.workspace_id AND d.id = c.document_id
                        WHERE c.workspace_id = :workspace AND c.project_id = :project AND c.id = ANY (:ids) AND %s
                        """.formatted(
                                at == null
                                        ? "c.valid_from IS NOT NULL AND c.valid_to IS NULL"
                                        : "c.valid_from <= :asOf AND (c.valid_to IS NULL OR c.valid_to > :asOf)"))
                .param("asOf", at == null ? null : at.atOffset(ZoneOffset.UTC), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("ids", byId.keySet().toArray(Long[]::new))
                .query(row -> {
                    Standing standing = byId.get(row.getLong("id"));
                    if (standing != null) {
                        hits.put(standing.chunkId(), hit(row, standing));
                    }
                });
        List<Hit> ordered = new ArrayList<>(hits.size());
        for (Standing standing : standings) {
            Hit hit = hits.get(standing.chunkId());
            if (hit != null) {
                ordered.add(hit);
            }
        }
        return ordered;
    }

    private Hit hit(java.sql.ResultSet row, Standing standing) throws java.sql.SQLException {
        return new Hit(
                standing.chunkId(),
                row.getObject("document_id", UUID.class),
                row.getInt("version"),
                row.getString("key"),
                row.getString("title"),
                Arrays.stream((Object[]) row.getArray("heading_path").getArray())
                        .map(String::valueOf)
                        .toList(),
                row.getInt("start_offset"),
                row.getInt("end_offset"),
                row.getObject("first_page", Integer.class),
                row.getObject("last_page", Integer.class),
                row.getObject("start_millis", Long.class),
                row.getObject("end_millis", Long.class),
                row.getString("text"),
                metadata(row.getString("metadata")),
                standing.vectorRank(),
                standing.textRank(),
                standing.vectorScore(),
                standing.textScore(),
                standing.score(),
                row.getLong("run_id"));
    }

    private Map<String, String> metadata(String stored) {
        Map<String, String> metadata = new HashMap<>();
        json.readValue(stored, METADATA).forEach((name, value) -> {
            if (value != null) {
                metadata.put(name, value.toString());
            }
        });
        return metadata;
    }
}

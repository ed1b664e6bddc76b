package dev.tidemill.store;

import dev.tidemill.document.Hit;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// Finds live chunks, by vector and by word, or those that were live at a time. Call it inside a transaction of
/// [Workspaces].
///
/// Chunks are only ever reached through an index: from a vector by its content id, from a lexeme
/// through the full-text index, or from the versions that a filter lets through.
public final class ChunkSearch {

    /// Up to this many chunks a filter's matches are compared one by one; with more, walking the index
    /// finds enough of them.
    static final int EXACT_UP_TO = 5_000;

    /// Candidates that a walk of the HNSW index keeps. Measured with 100,000 vectors of real sentences: of the true
    /// nearest ten it finds 0.951 with 40, 0.981 with 100, 0.992 with 200, 0.995 with 400.
    static final int WALKED_AT_LEAST = 200;

    /// With fewer matches than this the common words of the question are asked for as well.
    private static final int ENOUGH = 10;

    static final int MOST_TERMS = 64;

    /// Versions that were valid at a time and are superseded by now.
    private static final String SUPERSEDED = "v.state = 'superseded' AND v.valid_to > :asOf AND v.valid_from <= :asOf";

    private static final int COUNTS_KEPT = 256;
    private static final TypeReference<Map<String, Object>> METADATA = new TypeReference<>() {};

    private final JdbcClient jdbc;
    private final PastChunks past;
    private final JsonMapper json = JsonMapper.shared();
    private final Map<ProjectState, Long> chunkCounts = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ProjectState, Long> eldest) {
            return size() > COUNTS_KEPT;
        }
    });

    public ChunkSearch(JdbcClient jdbc) {
        this.jdbc = jdbc;
        this.past = new PastChunks(jdbc);
    }

    /// What a chunk must satisfy to be found; an empty part lets everything through.
    ///
    /// @param sources ids or locations of sources, any of them
    /// @param documents keys of documents, any of them
    /// @param metadata values that the document's metadata must hold, all of them
    /// @param heading a heading that the chunk stands under, whatever its case
    public record Filter(
            List<String> sources,
            List<String> documents,
            Map<String, String> metadata,
            @Nullable String heading) {

        public static final Filter NONE = new Filter(List.of(), List.of(), Map.of(), null);

        public Filter {
            sources = List.copyOf(sources);
            documents = List.copyOf(documents);
            metadata = Map.copyOf(metadata);
        }

        private boolean onDocuments() {
            return !sources.isEmpty() || !documents.isEmpty() || !metadata.isEmpty();
        }
    }

    /// The document versions that may be found, resolved once for both legs.
    ///
    /// @param versions ids of live versions, null when every live version may be found
    /// @param chunks how many chunks those versions have
    /// @param heading as in the filter
    /// @param then what else may be found as of a time, null for the corpus of now
    public record Scope(
            @Nullable List<Long> versions,
            long chunks,
            @Nullable String heading,
            @Nullable Then then) {

        boolean empty() {
            return versions != null && versions.isEmpty();
        }

        boolean nothing() {
            return empty() && (then == null || then.versions().isEmpty());
        }

        /// Whether a filter on documents narrows the search.
        public boolean filtered() {
            return then == null ? versions != null : then.filtered();
        }

        /// Chunks that may be found.
        public long all() {
            return chunks + (then == null ? 0 : then.chunks());
        }

        private Long @Nullable [] versionArray() {
            return versions == null ? null : versions.toArray(Long[]::new);
        }

        private @Nullable OffsetDateTime time() {
            return then == null ? null : then.time();
        }

        /// What a live chunk must be besides, to have been live at the time.
        private String since() {
            return then == null ? "" : " AND valid_from <= :asOf";
        }
    }

    /// A time of the past, and what of the project was valid then and is no more.
    ///
    /// @param versions superseded ones that the filter lets through
    /// @param chunks of those
    /// @param all superseded ones, whatever the filter
    /// @param corpusChunks chunks of the project that could be found then, superseded by now or not
    /// @param newer versions that can be found today and could not then; null when they are too many to be read
    /// @param completeSince no version that was valid at this time or later was removed since
    /// @param filtered whether a filter on documents narrows the search
    public record Then(
            Instant at,
            List<Long> versions,
            long chunks,
            List<Long> all,
            long corpusChunks,
            @Nullable List<Long> newer,
            Instant completeSince,
            boolean filtered) {

        OffsetDateTime time() {
            return at.atOffset(ZoneOffset.UTC);
        }
    }

    /// Chunks by vector.
    ///
    /// @param withoutVector chunks of then that this set has no vector of
    public record VectorLeg(List<Scored> found, long withoutVector) {}

    /// A chunk with its score in one leg.
    public record Scored(long chunkId, double score) {}

    /// A lexeme of the question.
    ///
    /// @param chunks how many live chunks of the project hold it
    /// @param weight its inverse document frequency
    public record Term(String lexeme, long chunks, double weight) {}

    /// The full-text leg: what was found, and how the question was understood.
    ///
    /// @param terms the lexemes of the question that the project knows, rarest first
    /// @param required what a chunk had to match to be ranked, empty when no term is known
    public record TextLeg(List<Scored> found, List<Term> terms, String required) {}

    /// Where a chunk stands in both legs.
    public record Standing(
            long chunkId,
            @Nullable Integer vectorRank,
            @Nullable Integer textRank,
            @Nullable Double vectorScore,
            @Nullable Double textScore,
            double score) {}

    /// The vector set that answers queries of the project, empty before its first ingest.
    public Optional<VectorSet> liveSet(Project project) {
        return set(project, project.liveSetId());
    }

    /// A set of the project, live or not; empty when there is none of this number.
    public Optional<VectorSet> set(Project project, @Nullable Long set) {
        return jdbc.sql("""
                        SELECT %s FROM vector_sets s
                        WHERE s.workspace_id = :workspace AND s.project_id = :project AND s.id = :set
                        """.formatted(VectorSet.COLUMNS))
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("set", set, java.sql.Types.BIGINT)
                .query(VectorSet::read)
                .optional();
    }

    /// How many chunks of the project can be found.
    public long chunks(Project project) {
        ProjectState state = new ProjectState(project.workspaceId(), project.id(), project.generation());
        Long known = chunkCounts.get(state);
        if (known != null) {
            return known;
        }
        long count = jdbc.sql("""
                        SELECT coalesce(sum(chunk_count), 0) FROM document_versions
                        WHERE workspace_id = :workspace AND project_id = :project AND state = 'published'
                        """)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .query(Long.class)
                .single();
        chunkCounts.put(state, count);
        return count;
    }

    /// Resolves the filter to document versions.
    public Scope scope(Project project, Filter filter) {
        if (!filter.onDocuments()) {
            return new Scope(null, chunks(project), filter.heading(), null);
        }
        List<Version> versions = versions(project, filter, "v.state = 'published'", null);
        return new Scope(ids(versions), sum(versions), filter.heading(), null);
    }

    /// As [#scope(Project, Filter)], of the corpus as it was at a time.
    public Scope scope(Project project, Filter filter, Instant at) {
        OffsetDateTime time = at.atOffset(ZoneOffset.UTC);
        Live live = jdbc.sql("""
                        SELECT coalesce(sum(v.chunk_count) FILTER (WHERE v.valid_from <= :asOf), 0) AS old,
                               coalesce(sum(v.chunk_count) FILTER (WHERE v.valid_from > :asOf), 0) AS newer,
                               (SELECT complete_since FROM projects WHERE workspace_id = :workspace AND id = :project) AS since
                        FROM document_versions v
                        WHERE v.workspace_id = :workspace AND v.project_id = :project AND v.state = 'published'
                        """)
                .param("asOf", time)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .query(Live.class)
                .single();
        List<Version> all = versions(project, Filter.NONE, SUPERSEDED, time);
        List<Version> past = filter.onDocuments() ? versions(project, filter, SUPERSEDED, time) : all;
        List<Version> newer = live.newer() <= PastChunks.COUNTED_UP_TO
                ? versions(project, Filter.NONE, "v.state = 'published' AND v.valid_from > :asOf", time)
                : null;
        Then then = new Then(
                at,
                ids(past),
                sum(past),
                ids(all),
                live.old() + sum(all),
                newer == null ? null : ids(newer),
                live.since().toInstant(),
                filter.onDocuments());
        if (filter.onDocuments() || live.old() <= EXACT_UP_TO) {
            List<Version> old = versions(project, filter, "v.state = 'published' AND v.valid_from <= :asOf", time);
            return new Scope(ids(old), sum(old), filter.heading(), then);
        }
        return new Scope(null, live.old(), filter.heading(), then);
    }

    private record Live(long old, long newer, OffsetDateTime since) {}

    private record Version(long id, long chunks) {}

    private static List<Long> ids(List<Version> versions) {
        return versions.stream().map(Version::id).toList();
    }

    private static long sum(List<Version> versions) {
        return versions.stream().mapToLong(Version::chunks).sum();
    }

    private List<Version> versions(Project project, Filter filter, String valid, @Nullable OffsetDateTime at) {
        String[] names = filter.metadata().keySet().toArray(String[]::new);
        String[] values = Arrays.stream(names).map(filter.metadata()::get).toArray(String[]::new);
        return jdbc.sql("""
                        SELECT v.id, coalesce(v.chunk_count, 0) AS chunks
                        FROM document_versions v
                        JOIN documents d ON d.workspace_id = v.workspace_id AND d.id = v.document_id
                        JOIN sources s ON s.workspace_id = v.workspace_id AND s.id = v.source_id
                        WHERE v.workspace_id = :workspace AND v.project_id = :project AND %s
                          AND (cardinality(CAST(:documents AS text[])) = 0 OR d.key = ANY (:documents))
                          AND (cardinality(CAST(:sources AS text[])) = 0
                               OR s.location = ANY (:sources) OR s.id::text = ANY (:sources))
                          AND v.metadata @> jsonb_object(CAST(:names AS text[]), CAST(:values AS text[]))
                        ORDER BY v.id
                        """.formatted(valid))
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("documents", filter.documents().toArray(String[]::new))
                .param("sources", filter.sources().toArray(String[]::new))
                .param("names", names)
                .param("values", values)
                .param("asOf", at, java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .query((row, number) -> new Version(row.getLong("id"), row.getLong("chunks")))
                .list();
    }

    /// The nearest chunks by cosine similarity, nearest first; exact where the set has no index or the
    /// filter leaves few chunks, and among chunks of the past.
    public List<Scored> byVector(Project project, VectorSet set, float[] query, int top, Scope scope) {
        return vectorLeg(project, set, query, top, scope).found();
    }

    /// As [#byVector], telling what could not be compared.
    public VectorLeg vectorLeg(Project project, VectorSet set, float[] query, int top, Scope scope) {
        List<Scored> live = live(project, set, query, top, scope);
        if (scope.then() == null) {
            return new VectorLeg(live, 0);
        }
        VectorLeg gone = past.byVector(project, set, query, top, scope.heading(), scope.then());
        return new VectorLeg(best(live, gone.found(), top), gone.withoutVector());
    }

    private static List<Scored> best(List<Scored> some, List<Scored> others, int top) {
        return Stream.concat(some.stream(), others.stream())
                .sorted(Comparator.comparingDouble(Scored::score).reversed().thenComparingLong(Scored::chunkId))
                .limit(top)
                .toList();
    }

    private List<Scored> live(Project project, VectorSet set, float[] query, int top, Scope scope) {
        if (scope.empty()) {
            return List.of();
        }
        if (scope.versions() != null && scope.chunks() <= EXACT_UP_TO) {
            return amongVersions(project, set, query, top, scope);
        }
        // What a filter or a retired version takes away is made good by looking further, never by a shorter result.
        double share = scope.versions() == null && scope.then() == null
                ? 1
                : Math.max(1e-3, scope.chunks() / (double) Math.max(1, chunks(project)));
        int nearest = (int) Math.min(1_000_000, Math.max(100, top / share * 1.5));
        while (true) {
            List<Scored> rows = amongNearest(project, set, query, nearest, scope);
            List<Scored> live =
                    rows.stream().filter(row -> row.chunkId() > 0).limit(top).toList();
            if (live.size() == top || rows.size() < nearest) {
                return live;
            }
            nearest = Math.multiplyExact(nearest, 8);
        }
    }

    private List<Scored> amongVersions(Project project, VectorSet set, float[] query, int top, Scope scope) {
        // In a subquery, as a generic plan would read the text of the vector anew for each row.
        return jdbc.sql("""
                        SELECT c.id, 1 - (v.embedding <=> (SELECT CAST(:query AS %s)))
                        FROM unnest(CAST(:versions AS bigint[])) AS q (version_id)
                        CROSS JOIN LATERAL (
                          SELECT id, content_id FROM chunks
                          WHERE workspace_id = :workspace AND version_id = q.version_id AND project_id = :project
                            AND valid_from IS NOT NULL AND valid_to IS NULL%s
                            AND (CAST(:heading AS text) IS NULL
                                 OR EXISTS (SELECT FROM unnest(heading_path) AS h (line) WHERE lower(line) = lower(:heading)))
                          OFFSET 0) c
                        CROSS JOIN LATERAL (
                          SELECT embedding FROM %s WHERE workspace_id = :workspace AND content_id = c.content_id OFFSET 0) v
                        ORDER BY v.embedding <=> (SELECT CAST(:query AS %s)), c.id
                        LIMIT :top
                        """.formatted(set.sqlType(), scope.since(), set.table(), set.sqlType()))
                .param("asOf", scope.time(), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .param("query", literal(query))
                .param("versions", scope.versionArray())
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("heading", scope.heading(), java.sql.Types.VARCHAR)
                .param("top", top)
                .query(ChunkSearch::scored)
                .list();
    }

    /// The nearest vectors with the chunks that hold their text; a vector without such a chunk comes
    /// with chunk id 0.
    private List<Scored> amongNearest(Project project, VectorSet set, float[] query, int nearest, Scope scope) {
        // A generic plan knows neither the limit nor the vector, and would leave the index aside.
        jdbc.sql("""
                        SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
                               set_config('hnsw.iterative_scan', 'relaxed_order', true),
                               set_config('hnsw.ef_search', :ef, true),
                               set_config('hnsw.max_scan_tuples', :tuples, true)
                        """)
                .param("ef", Integer.toString(walked(set, nearest)))
                .param("tuples", Integer.toString(Math.max(20_000, nearest * 4)))
                .query()
                .singleRow();
        return jdbc.sql("""
                        WITH nearest AS MATERIALIZED (
                          SELECT content_id, embedding <=> CAST(:query AS %s) AS distance
                          FROM %s ORDER BY embedding <=> CAST(:query AS %s) LIMIT :nearest)
                        SELECT coalesce(c.id, 0), 1 - n.distance
                        FROM nearest n
                        LEFT JOIN LATERAL (
                          SELECT id FROM chunks
                          WHERE workspace_id = :workspace AND project_id = :project AND content_id = n.content_id
                            AND valid_from IS NOT NULL AND valid_to IS NULL%s
                            AND (CAST(:versions AS bigint[]) IS NULL OR version_id = ANY (:versions))
                            AND (CAST(:heading AS text) IS NULL
                                 OR EXISTS (SELECT FROM unnest(heading_path) AS h (line) WHERE lower(line) = lower(:heading)))
                          OFFSET 0) c ON true
                        ORDER BY n.distance, 1
                        """.formatted(set.sqlType(), set.table(), set.sqlType(), scope.since()))
                .param("asOf", scope.time(), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .param("query", literal(query))
                .param("nearest", nearest)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("versions", scope.versionArray(), java.sql.Types.ARRAY)
                .param("heading", scope.heading(), java.sql.Types.VARCHAR)
                .query(ChunkSearch::scored)
                .list();
    }

    private static int walked(VectorSet set, int nearest) {
        return Math.clamp(nearest, set.efSearch() == null ? WALKED_AT_LEAST : set.efSearch(), 1_000);
    }

    /// The best chunks by the words of the question, best first. At most `candidates` matches are ranked.
    public TextLeg byText(Project project, String question, int top, int candidates, Scope scope) {
        Then then = scope.then();
        List<Term> terms = then == null ? terms(project, question) : past.terms(project, question, then);
        if (terms.isEmpty() || scope.nothing()) {
            return new TextLeg(List.of(), terms, "");
        }
        long total = then == null ? chunks(project) : then.corpusChunks();
        String required = TextQuery.required(terms, total, candidates, scope.filtered());
        List<Scored> found = ranked(project, required, terms, top, candidates, scope);
        String wider = TextQuery.anyOf(terms);
        if (found.size() < Math.min(top, ENOUGH) && !required.equals(wider)) {
            // The bound on what is ranked may cut the wider matches anywhere, so those of the rare terms are kept.
            Map<Long, Scored> all = new HashMap<>();
            found.forEach(one -> all.put(one.chunkId(), one));
            ranked(project, wider, terms, top, candidates, scope).forEach(one -> all.put(one.chunkId(), one));
            List<Scored> best = all.values().stream()
                    .sorted(Comparator.comparingDouble(Scored::score).reversed().thenComparingLong(Scored::chunkId))
                    .limit(top)
                    .toList();
            return new TextLeg(best, terms, wider);
        }
        return new TextLeg(found, terms, required);
    }

    private List<Scored> ranked(
            Project project, String required, List<Term> terms, int top, int candidates, Scope scope) {
        if (scope.then() == null) {
            return ranked("match_chunks(:project", project, required, terms, top, candidates, scope);
        }
        List<Scored> live = scope.empty()
                ? List.of()
                : ranked("match_chunks_as_of(:project, :asOf", project, required, terms, top, candidates, scope);
        return best(live, past.ranked(project, required, terms, top, scope.heading(), scope.then()), top);
    }

    private List<Scored> ranked(
            String function, Project project, String required, List<Term> terms, int top, int candidates, Scope scope) {
        return jdbc.sql("""
                        SELECT chunk_id, score FROM %s, CAST(:required AS tsquery),
                          ARRAY(SELECT CAST(t AS tsquery) FROM unnest(CAST(:terms AS text[])) WITH ORDINALITY AS q (t, n)
                                ORDER BY n),
                          CAST(:weights AS float8[]), :top, CAST(:versions AS bigint[]), CAST(:heading AS text), :candidates)
                        """.formatted(function))
                .param("asOf", scope.time(), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .param("project", project.id())
                .param("required", required)
                .param(
                        "terms",
                        terms.stream()
                                .map(term -> TextQuery.quoted(term.lexeme()))
                                .toArray(String[]::new))
                .param("weights", terms.stream().map(Term::weight).toArray(Double[]::new))
                .param("top", top)
                .param("versions", scope.versionArray(), java.sql.Types.ARRAY)
                .param("heading", scope.heading(), java.sql.Types.VARCHAR)
                .param("candidates", candidates)
                .query(ChunkSearch::scored)
                .list();
    }

    /// The lexemes of a question that live chunks of the project hold, rarest first.
    public List<Term> terms(Project project, String question) {
        long total = chunks(project);
        return jdbc.sql("""
                        SELECT t.lexeme, l.chunks
                        FROM unnest(to_tsvector('english', :question)) AS t (lexeme, positions, weights)
                        JOIN lexemes l ON l.workspace_id = :workspace AND l.project_id = :project AND l.lexeme = t.lexeme
                        WHERE l.chunks > 0
                        ORDER BY l.chunks, t.lexeme
                        LIMIT :most
                        """)
                .param("most", MOST_TERMS)
                .param("question", question)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .query((row, number) -> new Term(
                        row.getString(1),
                        row.getLong(2),
                        TextQuery.weight(row.getLong(2), Math.max(total, row.getLong(2)))))
                .list();
    }

    /// The lexemes of each text, as the full-text index sees them.
    public List<Set<String>> lexemes(List<String> texts) {
        return jdbc.sql("""
                        SELECT tsvector_to_array(to_tsvector('english', q.text))
                        FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS q (text, n) ORDER BY n
                        """)
                .param("texts", texts.toArray(String[]::new))
                .query((row, number) -> Arrays.stream((Object[]) row.getArray(1).getArray())
                        .map(String::valueOf)
                        .collect(Collectors.<String, Set<String>>toCollection(TreeSet::new)))
                .list();
    }

    /// The live chunks among the given ones with all that is told about them, in the given order.
    public List<Hit> load(Project project, List<Standing> standings) {
        return load(project, standings, null);
    }

    /// As [#load(Project, List)], those that were live at a time.
    public List<Hit> load(Project project, List<Standing> standings, @Nullable Instant at) {
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

    /// Headings that stand over live chunks of the project, from documents spread over all of it.
    public List<String> headings(Project project, int atMost) {
        return jdbc.sql("""
                        SELECT DISTINCT ON (lower(c.heading)) c.heading
                        FROM (SELECT id, row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS total
                              FROM document_versions
                              WHERE workspace_id = :workspace AND project_id = :project AND state = 'published'
                                AND chunk_count > 1) v
                        CROSS JOIN LATERAL (
                          SELECT heading_path[cardinality(heading_path)] AS heading FROM chunks
                          WHERE workspace_id = :workspace AND version_id = v.id AND cardinality(heading_path) > 0
                            AND valid_from IS NOT NULL AND valid_to IS NULL
                          ORDER BY ordinal OFFSET 1 LIMIT 1) c
                        WHERE v.n % greatest(1, v.total / :atMost) = 0 AND length(c.heading) BETWEEN 8 AND 80
                        ORDER BY lower(c.heading) LIMIT :atMost
                        """)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("atMost", atMost)
                .query((row, number) -> row.getString(1))
                .list();
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

    private static Scored scored(java.sql.ResultSet row, int number) throws java.sql.SQLException {
        return new Scored(row.getLong(1), row.getDouble(2));
    }

    static String literal(float[] vector) {
        StringBuilder text = new StringBuilder(vector.length * 12).append('[');
        for (int i = 0; i < vector.length; i++) {
            text.append(i == 0 ? "" : ",").append(vector[i]);
        }
        return text.append(']').toString();
    }

    private record ProjectState(UUID workspaceId, UUID projectId, long generation) {}
}

package dev.tidemill.store;

import dev.tidemill.document.Hit;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
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

/// Finds live chunks, by vector and by word, or those that were live at a time. Call it inside a transaction of
/// [Workspaces].
///
/// Chunks are only ever reached through an index: from a vector by its content id, from a lexeme
/// through the full-text index, or from the versions that a filter lets through.
public final class ChunkSearch {

    /// With fewer matches than this the common words of the question are asked for as well.
    private static final int ENOUGH = 10;

    static final int MOST_TERMS = 64;

    /// Versions that were valid at a time and are superseded by now.
    private static final String SUPERSEDED = "v.state = 'superseded' AND v.valid_to > :asOf AND v.valid_from <= :asOf";

    private static final int COUNTS_KEPT = 256;

    private final JdbcClient jdbc;
    private final LiveChunks today;
    private final PastChunks past;
    private final ChunkRows rows;
    private final Map<ProjectState, Long> chunkCounts = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ProjectState, Long> eldest) {
            return size() > COUNTS_KEPT;
        }
    });

    public ChunkSearch(JdbcClient jdbc) {
        this.jdbc = jdbc;
        this.today = new LiveChunks(jdbc);
        this.past = new PastChunks(jdbc);
        this.rows = new ChunkRows(jdbc);
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

        Long @Nullable [] versionArray() {
            return versions == null ? null : versions.toArray(Long[]::new);
        }

        @Nullable
        OffsetDateTime time() {
            return then == null ? null : then.time();
        }

        /// What a live chunk must be besides, to have been live at the time.
        String since() {
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
        if (filter.onDocuments() || live.old() <= LiveChunks.EXACT_UP_TO) {
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
        List<Scored> live = today.byVector(project, set, query, top, scope, () -> chunks(project));
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
            return today.ranked("match_chunks(:project", project, required, terms, top, candidates, scope);
        }
        List<Scored> live = scope.empty()
                ? List.of()
                : today.ranked("match_chunks_as_of(:project, :asOf", project, required, terms, top, candidates, scope);
        return best(live, past.ranked(project, required, terms, top, scope.heading(), scope.then()), top);
    }

    /// The lexemes of a question that live chunks of the project hold, rarest first.
    public List<Term> terms(Project project, String question) {
        return today.terms(project, question, chunks(project));
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
        return rows.load(project, standings, at);
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

    static String literal(float[] vector) {
        StringBuilder text = new StringBuilder(vector.length * 12).append('[');
        for (int i = 0; i < vector.length; i++) {
            text.append(i == 0 ? "" : ",").append(vector[i]);
        }
        return text.append(']').toString();
    }

    private record ProjectState(UUID workspaceId, UUID projectId, long generation) {}
}

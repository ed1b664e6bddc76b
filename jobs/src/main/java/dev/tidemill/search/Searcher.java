package dev.tidemill.search;

import dev.tidemill.document.Hit;
import dev.tidemill.search.SearchResult.Timings;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.ChunkSearch.Scope;
import dev.tidemill.store.ChunkSearch.Scored;
import dev.tidemill.store.ChunkSearch.Standing;
import dev.tidemill.store.ChunkSearch.TextLeg;
import dev.tidemill.store.ChunkSearch.Then;
import dev.tidemill.store.ChunkSearch.VectorLeg;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Workspaces;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Searches a project. Both legs and the reading of the hits see the corpus in one transaction; the
/// question is embedded before it, so that no connection waits for a model. Which set is live is read in that
/// transaction too: where it is another one than the question was embedded for, the question is embedded anew, so
/// that vectors of two models never meet.
public final class Searcher {

    /// No more matches than this are ranked by words: ranking is all that the full-text leg costs.
    static final int RANKED_AT_MOST = 500;

    /// A set is switched once in days; more often than this within one question, something is wrong.
    private static final int SWITCHES = 8;

    private final Workspaces workspaces;
    private final Projects projects;
    private final ChunkSearch chunks;
    private final QueryVectors vectors;

    /// The set that was live when the project was last asked: most often it still is.
    private final Map<Asked, VectorSet> lastLive = new ConcurrentHashMap<>();

    private record Asked(UUID workspaceId, String project) {}

    public Searcher(Workspaces workspaces, Projects projects, ChunkSearch chunks, QueryVectors vectors) {
        this.workspaces = workspaces;
        this.projects = projects;
        this.chunks = chunks;
        this.vectors = vectors;
    }

    /// The best hits for the question.
    ///
    /// @throws UnknownProject when the workspace has no such project
    /// @throws IllegalStateException when the model of the live vector set is not to be had here
    public SearchResult search(UUID workspaceId, String project, SearchRequest request) {
        return search(workspaceId, project, request, null);
    }

    /// As [#search(UUID, String, SearchRequest)], in the given vector set instead of the live one.
    ///
    /// @param setId null for the live one
    public SearchResult search(UUID workspaceId, String project, SearchRequest request, @Nullable Long setId) {
        long start = System.nanoTime();
        if (request.mode() == SearchMode.TEXT) {
            return seeing(
                    workspaceId,
                    request,
                    () -> search(find(workspaceId, project), request, Optional.empty(), new float[0], start, start));
        }
        Asked asked = new Asked(workspaceId, project);
        Optional<VectorSet> set = setId == null ? Optional.ofNullable(lastLive.get(asked)) : Optional.empty();
        if (set.isEmpty()) {
            set = workspaces.call(workspaceId, () -> set(find(workspaceId, project), setId));
        }
        for (int attempt = 0; attempt < SWITCHES; attempt++) {
            Optional<VectorSet> expected = set;
            float[] query = expected.map(one -> vectors.of(one.model(), one.fingerprint(), request.question()))
                    .orElse(new float[0]);
            long embedded = System.nanoTime();
            Attempt made = seeing(workspaceId, request, () -> {
                Project found = find(workspaceId, project);
                Optional<VectorSet> now = set(found, setId);
                if (!now.map(VectorSet::id).equals(expected.map(VectorSet::id))) {
                    return new Attempt(now, null);
                }
                return new Attempt(now, search(found, request, now, query, start, embedded));
            });
            set = made.set();
            if (setId == null) {
                made.set().ifPresent(one -> lastLive.put(asked, one));
            }
            if (made.result() != null) {
                return made.result();
            }
        }
        throw new IllegalStateException(
                "the live vector set of project \"" + project + "\" changed " + SWITCHES + " times within one search");
    }

    /// A version that is superseded between two statements would be neither live in the second nor past in the first,
    /// so a search of the past sees one state.
    private <T> T seeing(UUID workspaceId, SearchRequest request, Supplier<T> search) {
        return request.asOf() == null
                ? workspaces.call(workspaceId, search)
                : workspaces.callFrozen(workspaceId, search);
    }

    /// @param result null when the question was embedded for another set
    private record Attempt(
            Optional<VectorSet> set, @Nullable SearchResult result) {}

    private Project find(UUID workspaceId, String project) {
        return projects.find(workspaceId, project).orElseThrow(() -> new UnknownProject(project));
    }

    private Optional<VectorSet> set(Project project, @Nullable Long setId) {
        if (setId == null) {
            return chunks.liveSet(project);
        }
        return Optional.of(chunks.set(project, setId)
                .filter(set -> set.state() != VectorSet.State.RETIRED)
                .orElseThrow(() -> new IllegalStateException(
                        "project \"" + project.slug() + "\" has no vector set " + setId + " any more")));
    }

    private SearchResult search(
            Project project, SearchRequest request, Optional<VectorSet> set, float[] query, long start, long embedded) {
        Scope scope = request.asOf() == null
                ? chunks.scope(project, request.filter())
                : chunks.scope(project, request.filter(), request.asOf());
        // Fusion needs more than k of each leg: what stands low in both may stand high together.
        int depth = Math.max(50, 2 * request.k());
        long resolved = System.nanoTime();
        VectorLeg byMeaning = set.map(one -> chunks.vectorLeg(project, one, query, depth, scope))
                .orElse(new VectorLeg(List.of(), 0));
        List<Scored> byVector = byMeaning.found();
        long searched = System.nanoTime();
        TextLeg byText = request.mode() == SearchMode.VECTOR
                ? new TextLeg(List.of(), List.of(), "")
                : chunks.byText(project, request.question(), depth, RANKED_AT_MOST, scope);
        long matched = System.nanoTime();
        List<Standing> fused = Fusion.fuse(byVector, byText.found(), Fusion.VECTOR_WEIGHT, Fusion.TEXT_WEIGHT);
        List<Hit> hits = chunks.load(project, fused.stream().limit(request.k()).toList(), request.asOf());
        Then then = scope.then();
        long end = System.nanoTime();
        return new SearchResult(
                hits,
                request.mode(),
                set.map(VectorSet::id).orElse(null),
                set.map(VectorSet::model).orElse(null),
                byText.terms(),
                byText.required(),
                byVector.size(),
                byText.found().size(),
                scope.filtered() ? (Long) scope.all() : null,
                then == null ? chunks.chunks(project) : then.corpusChunks(),
                then == null
                        ? null
                        : new SearchResult.AsOf(
                                then.at(),
                                then.completeSince(),
                                then.chunks(),
                                byMeaning.withoutVector(),
                                then.newer() != null),
                new Timings(
                        Duration.ofNanos(embedded - start),
                        Duration.ofNanos(searched - resolved),
                        Duration.ofNanos(matched - searched),
                        Duration.ofNanos(end - matched),
                        Duration.ofNanos(end - start)));
    }
}

package dev.tidemill.search;

import dev.tidemill.document.Hit;
import dev.tidemill.search.SearchResult.Timings;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.ChunkSearch.Scope;
import dev.tidemill.store.ChunkSearch.Scored;
import dev.tidemill.store.ChunkSearch.Standing;
import dev.tidemill.store.ChunkSearch.TextLeg;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Workspaces;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Searches a project. Both legs and the reading of the hits see the corpus in one transaction; the
/// question is embedded before it, so that no connection waits for a model.
public final class Searcher {

    /// No more matches than this are ranked by words: ranking is all that the full-text leg costs.
    static final int RANKED_AT_MOST = 500;

    private final Workspaces workspaces;
    private final Projects projects;
    private final ChunkSearch chunks;
    private final QueryVectors vectors;

    public Searcher(Workspaces workspaces, Projects projects, ChunkSearch chunks, QueryVectors vectors) {
        this.workspaces = workspaces;
        this.projects = projects;
        this.chunks = chunks;
        this.vectors = vectors;
    }

    /// The best hits for the question.
    ///
    /// @throws UnknownProject when the workspace has no such project
    /// @throws IllegalStateException when the live vector set was made by another model than the
    ///     running one
    public SearchResult search(UUID workspaceId, String project, SearchRequest request) {
        long start = System.nanoTime();
        float[] query = request.mode() == SearchMode.TEXT ? null : vectors.of(request.question());
        long embedded = System.nanoTime();
        return workspaces.call(workspaceId, () -> {
            Project found = projects.find(workspaceId, project).orElseThrow(() -> new UnknownProject(project));
            return search(found, request, query, start, embedded);
        });
    }

    private SearchResult search(
            Project project, SearchRequest request, float @Nullable [] query, long start, long embedded) {
        Scope scope = chunks.scope(project, request.filter());
        // Fusion needs more than k of each leg: what stands low in both may stand high together.
        int depth = Math.max(50, 2 * request.k());
        long resolved = System.nanoTime();
        Optional<VectorSet> set = query == null ? Optional.empty() : chunks.liveSet(project);
        List<Scored> byVector = List.of();
        if (query != null && set.isPresent()) {
            check(project, set.get());
            byVector = chunks.byVector(project, set.get(), query, depth, scope);
        }
        long searched = System.nanoTime();
        TextLeg byText = request.mode() == SearchMode.VECTOR
                ? new TextLeg(List.of(), List.of(), "")
                : chunks.byText(project, request.question(), depth, RANKED_AT_MOST, scope);
        long matched = System.nanoTime();
        List<Standing> fused = Fusion.fuse(byVector, byText.found(), Fusion.VECTOR_WEIGHT, Fusion.TEXT_WEIGHT);
        List<Hit> hits = chunks.load(project, fused.stream().limit(request.k()).toList());
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
                scope.versions() == null ? null : scope.chunks(),
                chunks.chunks(project),
                new Timings(
                        Duration.ofNanos(embedded - start),
                        Duration.ofNanos(searched - resolved),
                        Duration.ofNanos(matched - searched),
                        Duration.ofNanos(end - matched),
                        Duration.ofNanos(end - start)));
    }

    private void check(Project project, VectorSet set) {
        if (!set.fingerprint().equals(vectors.fingerprint())) {
            throw new IllegalStateException("project \"" + project.slug() + "\" was embedded by " + set.model()
                    + " and the server runs another model: set tidemill.embedding.model back, or re-embed the project");
        }
    }
}

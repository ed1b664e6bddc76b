package dev.tidemill.admin.query;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.security.Scopes;
import dev.tidemill.answer.Answer;
import dev.tidemill.answer.Answer.Abstained;
import dev.tidemill.answer.Answer.Answered;
import dev.tidemill.answer.Answerer;
import dev.tidemill.search.QueryTraffic;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.SearchResult;
import dev.tidemill.search.Searcher;
import dev.tidemill.search.UnknownProject;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import io.micrometer.core.instrument.MeterRegistry;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// Search and ask, within the workspace of the caller's key.
@RestController
@RequestMapping("/api/v1/projects/{project}")
@Tag(name = "query", description = "Search and ask a project")
class QueryController {

    private static final int HEADINGS = 12;

    private final Searcher searcher;
    private final Answerer answerer;
    private final Workspaces workspaces;
    private final Projects projects;
    private final ChunkSearch chunks;
    private final QueryTraffic traffic;
    private final Moments moments;
    private final AskedLog asked;
    private final MeterRegistry meters;

    QueryController(
            Searcher searcher,
            Answerer answerer,
            Workspaces workspaces,
            Projects projects,
            ChunkSearch chunks,
            QueryTraffic traffic,
            Moments moments,
            AskedLog asked,
            MeterRegistry meters) {
        this.searcher = searcher;
        this.answerer = answerer;
        this.workspaces = workspaces;
        this.projects = projects;
        this.chunks = chunks;
        this.traffic = traffic;
        this.moments = moments;
        this.asked = asked;
        this.meters = meters;
    }

    @PostMapping("/search")
    @Operation(summary = "Find passages", description = "Hybrid search by meaning and by words, with filters.")
    SearchResponse search(
            @AuthenticationPrincipal Caller caller, @PathVariable String project, @RequestBody QueryRequest request) {
        checkExplain(caller, request);
        SearchRequest search = request.toSearch(moments.time(caller.workspaceId(), request.asOf(), Instant.now()));
        SearchResult result = traffic.during(() -> searcher.search(caller.workspaceId(), project, search));
        note(caller, project, search);
        meters.timer("tidemill.search.duration", "mode", result.mode().id())
                .record(result.timings().total());
        return SearchResponse.of(result, request.explained());
    }

    @PostMapping("/ask")
    @Operation(
            summary = "Ask a question",
            description = "Answers with sentences of the corpus, each cited and checked, or abstains and says why.")
    AskResponse ask(
            @AuthenticationPrincipal Caller caller, @PathVariable String project, @RequestBody QueryRequest request) {
        checkExplain(caller, request);
        SearchRequest search = request.toSearch(moments.time(caller.workspaceId(), request.asOf(), Instant.now()));
        Answer answer = traffic.during(() -> answerer.answer(caller.workspaceId(), project, search));
        note(caller, project, search);
        String outcome = switch (answer) {
            case Answered _ -> "answered";
            case Abstained abstained -> abstained.reason().name();
        };
        SearchResult.Timings timings = answer.search().timings();
        phase("search", outcome, timings.total());
        phase("answer", outcome, answer.total().minus(timings.total()));
        phase("total", outcome, answer.total());
        meters.counter("tidemill.citations.dropped").increment(answer.droppedCitations());
        return AskResponse.of(answer, request.explained());
    }

    /// Questions about the past are no measure of how a set answers today.
    private void note(Caller caller, String project, SearchRequest search) {
        if (search.asOf() == null) {
            asked.note(caller.workspaceId(), project, search.question());
        }
    }

    private void phase(String phase, String outcome, Duration took) {
        meters.timer("tidemill.ask.duration", "phase", phase, "outcome", outcome)
                .record(took);
    }

    @GetMapping("/headings")
    @Operation(summary = "Headings to ask about", description = "A few headings from all over the project.")
    List<String> headings(@AuthenticationPrincipal Caller caller, @PathVariable String project) {
        return workspaces.call(
                caller.workspaceId(),
                () -> chunks.headings(
                        projects.find(caller.workspaceId(), project).orElseThrow(() -> new UnknownProject(project)),
                        HEADINGS));
    }

    /// Scores tell more about a corpus than its hits do.
    private static void checkExplain(Caller caller, QueryRequest request) {
        if (request.explained() && !caller.scopes().contains(Scopes.ADMIN)) {
            throw new AccessDeniedException("explain needs an API key with the scope admin");
        }
    }
}

package dev.tidemill.admin.evaluations;

import dev.tidemill.admin.security.ApiKeys.Caller;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.admin.web.NotFound;
import dev.tidemill.search.UnknownProject;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.GoldenSets.Expected;
import dev.tidemill.store.GoldenSets.GoldenSet;
import dev.tidemill.store.GoldenSets.Judged;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// Golden sets of a project: questions with the documents that are relevant to them.
@RestController
@RequestMapping("/api/v1/projects/{project}/golden-sets")
@Tag(name = "evaluations", description = "Golden sets and evaluations")
class GoldenSetsController {

    private static final int MOST = 1_000;

    private final Projects projects;
    private final GoldenSets goldenSets;

    GoldenSetsController(Projects projects, GoldenSets goldenSets) {
        this.projects = projects;
        this.goldenSets = goldenSets;
    }

    /// Questions to add.
    ///
    /// @param canary whether the set is asked after every run that changed the corpus, null for yes
    record Added(@Nullable Boolean canary, @Nullable List<QuestionBody> questions) {}

    /// A judged question.
    record QuestionBody(
            @Nullable String key,
            @Nullable String question,
            @Nullable List<ExpectedBody> expected) {}

    /// A relevant document.
    record ExpectedBody(
            @Nullable String document,
            @Nullable Integer grade,
            @Nullable String span) {}

    @GetMapping
    @Operation(summary = "Golden sets of the project")
    List<GoldenSet> list(@AuthenticationPrincipal Caller caller, @PathVariable String project) {
        return goldenSets.list(find(caller, project));
    }

    @PostMapping("/{name}")
    @Operation(
            summary = "Add questions to a golden set",
            description =
                    "The set is made when it is new. A question whose key is there already takes the place of the old"
                            + " one; without a key the question is its own.")
    GoldenSet add(
            @AuthenticationPrincipal Caller caller,
            @PathVariable String project,
            @PathVariable String name,
            @RequestBody Added added) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")) {
            throw new BadRequest(
                    "name", "name of a golden set is \"" + name + "\": use letters, digits, dots and dashes");
        }
        List<QuestionBody> questions = added.questions() == null ? List.of() : added.questions();
        if (questions.isEmpty() || questions.size() > MOST) {
            throw new BadRequest("questions", questions.size() + " questions: send 1 to " + MOST + " at once");
        }
        List<Judged> judged;
        try {
            judged = questions.stream().map(GoldenSetsController::judged).toList();
        } catch (IllegalArgumentException e) {
            throw new BadRequest("questions", String.valueOf(e.getMessage()));
        }
        Project found = find(caller, project);
        GoldenSet set = goldenSets.make(found, name, added.canary() == null || added.canary());
        goldenSets.add(caller.workspaceId(), set, judged);
        return goldenSets.find(found, name).orElseThrow();
    }

    private static Judged judged(QuestionBody body) {
        String question = body.question() == null ? "" : body.question();
        String key = body.key() == null ? question.substring(0, Math.min(200, question.length())) : body.key();
        List<ExpectedBody> expected = body.expected() == null ? List.of() : body.expected();
        return new Judged(
                key,
                question,
                expected.stream()
                        .map(one -> new Expected(
                                one.document() == null ? "" : one.document(),
                                one.grade() == null ? 1 : one.grade(),
                                one.span()))
                        .toList());
    }

    @DeleteMapping("/{name}")
    @Operation(summary = "Delete a golden set", description = "Its evaluations stay.")
    void delete(@AuthenticationPrincipal Caller caller, @PathVariable String project, @PathVariable String name) {
        if (!goldenSets.delete(find(caller, project), name)) {
            throw new NotFound("there is no golden set \"" + name + "\" in project \"" + project + "\"");
        }
    }

    private Project find(Caller caller, String project) {
        return projects.find(caller.workspaceId(), project).orElseThrow(() -> new UnknownProject(project));
    }
}

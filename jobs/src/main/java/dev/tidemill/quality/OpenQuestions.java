package dev.tidemill.quality;

import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Evaluations.Open;
import java.util.List;
import java.util.UUID;

/// What the evaluations of a launch have still to ask, page by page: an answered question does not come again.
public final class OpenQuestions {

    private static final int PAGE = 200;

    private final Evaluations evaluations;
    private final UUID workspaceId;
    private final long launchId;
    private final int sample;
    private long evaluation;
    private String key = "";

    /// Begins with the first.
    ///
    /// @param sample real questions at most
    public OpenQuestions(Evaluations evaluations, UUID workspaceId, long launchId, int sample) {
        this.evaluations = evaluations;
        this.workspaceId = workspaceId;
        this.launchId = launchId;
        this.sample = sample;
    }

    public long count() {
        return evaluations.countUnanswered(workspaceId, launchId, sample);
    }

    /// The next ones, none at the end.
    public List<Open> next() {
        List<Open> page = evaluations.unanswered(workspaceId, launchId, evaluation, key, sample, PAGE);
        if (!page.isEmpty()) {
            evaluation = page.getLast().evaluationId();
            key = page.getLast().key();
        }
        return page;
    }
}

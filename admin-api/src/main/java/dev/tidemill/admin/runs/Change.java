package dev.tidemill.admin.runs;

import dev.tidemill.run.RunView;
import dev.tidemill.run.StepView;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/// A run at a moment, told apart from the same run at another one by all that does not change by itself with time.
///
/// @param id the same for the same state of the run, over restarts of the server too
record Change(String id, RunView run) {

    static Change of(RunView run) {
        StringBuilder text = new StringBuilder()
                .append(run.state())
                .append(run.status())
                .append(run.waitingFor())
                .append(run.retry())
                .append(run.message())
                .append(run.end());
        run.steps().forEach(step -> append(text, step));
        return new Change(
                run.id() + "-" + UUID.nameUUIDFromBytes(text.toString().getBytes(StandardCharsets.UTF_8)), run);
    }

    private static void append(StringBuilder text, StepView step) {
        text.append('|')
                .append(step.name())
                .append(step.status())
                .append(step.committed())
                .append(',')
                .append(step.rolledBack())
                .append(',')
                .append(step.read())
                .append(',')
                .append(step.written())
                .append(',')
                .append(step.filtered())
                .append(',')
                .append(step.skipped())
                .append(',')
                .append(step.refused())
                .append(',')
                .append(step.total())
                .append(step.progress().estimating())
                .append(step.progress().stalled());
        step.partitions().forEach(part -> append(text, part));
    }
}

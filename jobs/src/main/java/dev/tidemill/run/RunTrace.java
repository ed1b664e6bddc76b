package dev.tidemill.run;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.listener.JobExecutionListener;

/// Stores the trace of the first run of a launch, and lets those of later runs link to it: a resumed run is another
/// trace,
/// maybe days later and in another process. Where nothing is traced, it does nothing.
final class RunTrace implements JobExecutionListener {

    private static final int PARTS = 4;

    private final Control control;

    RunTrace(Control control) {
        this.control = control;
    }

    @Override
    public void beforeJob(JobExecution execution) {
        SpanContext here = Span.current().getSpanContext();
        if (!here.isValid()) {
            return;
        }
        String traceparent = "00-" + here.getTraceId() + "-" + here.getSpanId() + "-"
                + here.getTraceFlags().asHex();
        String first = control.call(() -> control.jdbc()
                .sql("""
                        UPDATE launches SET traceparent = coalesce(traceparent, :traceparent)
                        WHERE job_instance_id = :instance RETURNING traceparent
                        """)
                .param("traceparent", traceparent)
                .param("instance", execution.getJobInstanceId())
                .query(String.class)
                .optional()
                .orElse(traceparent));
        SpanContext linked = parse(first);
        if (linked != null && !first.equals(traceparent)) {
            Span.current().addLink(linked);
        }
    }

    /// As W3C Trace Context writes it; null for what is none.
    static @Nullable SpanContext parse(String traceparent) {
        String[] parts = traceparent.split("-", -1);
        if (parts.length != PARTS || parts[3].length() != 2) {
            return null;
        }
        SpanContext context = SpanContext.createFromRemoteParent(
                parts[1], parts[2], TraceFlags.fromHex(parts[3], 0), TraceState.getDefault());
        return context.isValid() ? context : null;
    }
}

package dev.tidemill.run;

import java.util.Map;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/// Threads that work for a run beside its own.
public final class WorkerThreads {

    private WorkerThreads() {}

    /// Makes daemon threads whose log lines carry what those of the calling thread carry: run, job and workspace.
    ///
    /// @param prefix of their names, a number follows
    public static ThreadFactory named(String prefix) {
        @Nullable Map<String, String> marks = MDC.getCopyOfContextMap();
        ThreadFactory threads = Thread.ofPlatform().name(prefix, 0).daemon().factory();
        return work -> threads.newThread(() -> {
            if (marks != null) {
                MDC.setContextMap(marks);
            }
            work.run();
        });
    }
}

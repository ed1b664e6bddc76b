package dev.tidemill.admin.query;

import dev.tidemill.store.AskedQuestions;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/// Notes the questions that people ask, behind their backs: no answer waits for it, and under load some are left out.
/// They are what a new vector set is tried with.
final class AskedLog implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(AskedLog.class);
    private static final int WAITING = 200;

    private final AskedQuestions questions;
    private final int keep;
    private final BlockingQueue<Asked> waiting = new ArrayBlockingQueue<>(WAITING);
    private final Thread writer = Thread.ofVirtual().name("asked-log").unstarted(this::write);

    private record Asked(UUID workspaceId, String project, String question) {}

    /// @param keep questions of a project, 0 to note none
    AskedLog(AskedQuestions questions, int keep) {
        if (keep < 0 || keep > 100_000) {
            throw new IllegalArgumentException("tidemill.questions.keep is " + keep + ": use 0 (none) to 100000");
        }
        this.questions = questions;
        this.keep = keep;
        if (keep > 0) {
            writer.start();
        }
    }

    void note(UUID workspaceId, String project, String question) {
        if (keep > 0 && !waiting.offer(new Asked(workspaceId, project, question))) {
            log.debug("a question is not noted: too many at once");
        }
    }

    private void write() {
        try {
            while (true) {
                Asked asked = waiting.take();
                try {
                    questions.note(asked.workspaceId(), asked.project(), asked.question(), keep);
                } catch (DataAccessException | TransactionException e) {
                    log.warn("a question could not be noted: {}", e.getMessage());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        writer.interrupt();
    }
}

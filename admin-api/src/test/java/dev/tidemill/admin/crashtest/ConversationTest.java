package dev.tidemill.admin.crashtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ConversationTest {

    private final Conversation conversation = new Conversation();

    private static byte[] body(String... texts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String text : texts) {
            bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            bytes.write(0);
        }
        return bytes.toByteArray();
    }

    private @Nullable KillPoint say(String sql, String... bound) {
        conversation.request((byte) 'P', body("s", sql));
        conversation.request((byte) 'B', body("", "s", String.join(",", bound)));
        return conversation.request((byte) 'E', body(""));
    }

    private Conversation.Told answer(String tag) {
        return conversation.reply((byte) 'C', body(tag));
    }

    @Test
    void aRunsChunkPassesItsPointsInOrder() {
        assertThat(say("BEGIN")).isNull();
        answer("BEGIN");
        assertThat(say("INSERT INTO documents VALUES (1)")).isEqualTo(KillPoint.WORKED);
        answer("INSERT 0 1");
        assertThat(say("COPY chunks FROM STDIN")).isNull();
        assertThat(conversation.request((byte) 'd', new byte[10])).isEqualTo(KillPoint.COPYING);
        assertThat(conversation.request((byte) 'd', new byte[10])).isNull();
        conversation.request((byte) 'c', new byte[0]);
        answer("COPY 1");
        assertThat(say("UPDATE BATCH_STEP_EXECUTION SET x = 1")).isEqualTo(KillPoint.METADATA);
        answer("UPDATE 1");
        assertThat(say("UPDATE job_leases SET commits = commits + 1")).isNull();
        assertThat(answer("UPDATE 1")).isEqualTo(Conversation.Told.FENCED);
        assertThat(say("COMMIT")).isEqualTo(KillPoint.COMMITTING);
        assertThat(answer("COMMIT")).isEqualTo(Conversation.Told.COMMITTED_CHUNK);
        assertThat(conversation.reply((byte) 'Z', new byte[] {'I'})).isEqualTo(Conversation.Told.READY_AFTER_CHUNK);
    }

    @Test
    void aTransactionOfThePlatformItselfIsNoChunk() {
        say("BEGIN");
        answer("BEGIN");
        assertThat(say("UPDATE launches SET state = 'running'")).isNull();
        answer("UPDATE 1");
        assertThat(say("COMMIT")).isNull();
        assertThat(answer("COMMIT")).isEqualTo(Conversation.Told.NOTHING);
    }

    @Test
    void aCommitThatTheServerTurnsIntoARollbackIsNoChunk() {
        say("BEGIN");
        answer("BEGIN");
        say("INSERT INTO documents VALUES (1)");
        answer("INSERT 0 1");
        say("UPDATE job_leases SET commits = commits + 1");
        assertThat(answer("UPDATE 0")).isEqualTo(Conversation.Told.REFUSED);
        say("COMMIT");
        assertThat(answer("ROLLBACK")).isEqualTo(Conversation.Told.NOTHING);
    }

    @Test
    void theEndsOfAStepOfARunAndOfItsLaunchArePoints() {
        assertThat(say("UPDATE BATCH_STEP_EXECUTION SET START_TIME = ?, STATUS = ?", "STARTED"))
                .isNull();
        assertThat(say("UPDATE BATCH_STEP_EXECUTION SET START_TIME = ?, STATUS = ?", "COMPLETED"))
                .isEqualTo(KillPoint.FINISHING);
        assertThat(say("UPDATE BATCH_JOB_EXECUTION SET START_TIME = ?, STATUS = ?", "STARTED"))
                .isNull();
        assertThat(say("UPDATE BATCH_JOB_EXECUTION SET START_TIME = ?, STATUS = ?", "COMPLETED"))
                .isEqualTo(KillPoint.COMPLETING);
        assertThat(say("UPDATE launches SET state = ?", "completed")).isEqualTo(KillPoint.CONCLUDING);
        assertThat(say("INSERT INTO dead_letters VALUES (1)")).isEqualTo(KillPoint.REFUSING);
    }
}

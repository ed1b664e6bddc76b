package dev.tidemill.admin.schedules;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.quartz.DisallowConcurrentExecution;
import org.quartz.Job;
import org.quartz.JobExecutionContext;
import org.quartz.JobExecutionException;
import org.quartz.SchedulerException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What Quartz runs when a time has come: it tells so, nothing else. The times of one schedule are told one after
/// the other, over all nodes.
@DisallowConcurrentExecution
final class Alarm implements Job {

    private static final Logger log = LoggerFactory.getLogger(Alarm.class);
    private static final long PAUSE_SECONDS = 1;

    private final Fires fires;

    Alarm(Fires fires) {
        this.fires = fires;
    }

    @Override
    public void execute(JobExecutionContext context) throws JobExecutionException {
        String name = context.getJobDetail().getKey().getName();
        // After the death of a node this is the time that the dead one was told.
        Instant time = context.getScheduledFireTime().toInstant();
        try {
            fires.timeHasCome(name, time);
        } catch (RuntimeException e) {
            // Nothing is recorded, so Quartz must not believe it done.
            log.error("schedule {}: the time {} could not be recorded; trying again", name, time, e);
            pause();
            JobExecutionException again = new JobExecutionException(e);
            again.setRefireImmediately(!stopping(context));
            throw again;
        }
    }

    private static void pause() {
        try {
            TimeUnit.SECONDS.sleep(PAUSE_SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Then its row in the store stays, and the next process is told the same time.
    private static boolean stopping(JobExecutionContext context) {
        try {
            return context.getScheduler().isInStandbyMode()
                    || context.getScheduler().isShutdown();
        } catch (SchedulerException e) {
            return true;
        }
    }
}

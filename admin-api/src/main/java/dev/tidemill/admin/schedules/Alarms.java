package dev.tidemill.admin.schedules;

import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobKey;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;

/// Quartz, seen from the schedules: one job and one trigger for each that goes by the clock. Everything here
/// belongs in a transaction on Quartz's data source.
final class Alarms {

    private static final String GROUP = "schedules";

    private final Supplier<Scheduler> scheduler;

    Alarms(Supplier<Scheduler> scheduler) {
        this.scheduler = scheduler;
    }

    /// Work with Quartz that may fail as Quartz does.
    private interface Work<T extends @Nullable Object> {
        T with(Scheduler scheduler) throws SchedulerException;
    }

    private <T extends @Nullable Object> T call(String what, Work<T> work) {
        try {
            return work.with(scheduler.get());
        } catch (SchedulerException e) {
            throw new IllegalStateException("Quartz could not " + what + ": " + e.getMessage(), e);
        }
    }

    /// Sets the alarm for the times after an instant, in place of any earlier one. None is set where no time comes
    /// any more.
    void set(String name, Timing.Cron cron, Instant after, boolean paused) {
        call("set the times of schedule " + name, quartz -> {
            TriggerKey key = TriggerKey.triggerKey(name, GROUP);
            Instant next = cron.next(after);
            if (next == null) {
                quartz.unscheduleJob(key);
                return false;
            }
            JobDetail job = JobBuilder.newJob(Alarm.class)
                    .withIdentity(name, GROUP)
                    .storeDurably()
                    .requestRecovery()
                    .build();
            Trigger trigger = TriggerBuilder.newTrigger()
                    .withIdentity(key)
                    .forJob(job)
                    .startAt(Date.from(next))
                    .withSchedule(LocalTimeTrigger.at(cron.expression(), cron.zone()))
                    .build();
            quartz.addJob(job, true);
            if (quartz.rescheduleJob(key, trigger) == null) {
                quartz.scheduleJob(trigger);
            }
            if (paused) {
                quartz.pauseTrigger(key);
            }
            return true;
        });
    }

    boolean isSet(String name) {
        return call("look for schedule " + name, quartz -> quartz.checkExists(TriggerKey.triggerKey(name, GROUP)));
    }

    void pause(String name) {
        call("pause schedule " + name, quartz -> {
            quartz.pauseTrigger(TriggerKey.triggerKey(name, GROUP));
            return true;
        });
    }

    void remove(String name) {
        call("remove schedule " + name, quartz -> quartz.deleteJob(JobKey.jobKey(name, GROUP)));
    }

    /// Schedules that Quartz knows.
    List<String> names() {
        return call(
                "list the schedules",
                quartz -> quartz.getJobKeys(org.quartz.impl.matchers.GroupMatcher.jobGroupEquals(GROUP)).stream()
                        .map(JobKey::getName)
                        .toList());
    }

    void start() {
        call("start", quartz -> {
            quartz.start();
            return true;
        });
    }

    void standBy() {
        call("stand by", quartz -> {
            quartz.standby();
            return true;
        });
    }
}

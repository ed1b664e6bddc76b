package dev.tidemill.run;

import org.springframework.batch.core.step.StepExecution;

/// The work of a step that is done at once and needs to know its run only.
@FunctionalInterface
public interface StepWork {
    void in(StepExecution step) throws Exception;
}

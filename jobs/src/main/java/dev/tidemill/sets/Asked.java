package dev.tidemill.sets;

import dev.tidemill.embed.TextRefused;
import dev.tidemill.quality.Evaluator;
import dev.tidemill.run.DataError;
import dev.tidemill.store.Evaluations.Answer;
import dev.tidemill.store.Evaluations.Open;
import java.util.UUID;

/// What became of a question of an evaluation.
public sealed interface Asked {

    Open question();

    /// It has its answer.
    record Answered(Open question, Answer answer) implements Asked {}

    /// The model of the set does not take it.
    record Refused(Open question, DataError error) implements Asked {}

    /// Asks a question.
    static Asked of(Evaluator evaluator, UUID workspaceId, Open question) {
        try {
            return new Answered(question, evaluator.ask(workspaceId, question));
        } catch (TextRefused e) {
            return new Refused(question, new DataError(TextVector.REFUSED, String.valueOf(e.getMessage()), e));
        }
    }

    /// Those with an answer; the others are given up on.
    static Answer answer(Asked asked) {
        return switch (asked) {
            case Answered answered -> answered.answer();
            case Refused refused -> throw refused.error();
        };
    }

    /// The key of its dead letter: one for each question and model, however often it is asked.
    static String key(Asked asked) {
        Open open = asked.question();
        return open.project() + "/" + open.setId() + "/" + open.key();
    }
}

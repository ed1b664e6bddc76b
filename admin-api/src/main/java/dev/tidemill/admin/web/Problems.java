package dev.tidemill.admin.web;

import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.UnknownJob;
import dev.tidemill.run.UnknownPlan;
import dev.tidemill.run.UnknownRun;
import dev.tidemill.search.UnknownProject;
import dev.tidemill.source.SourceUnavailable;
import dev.tidemill.store.SetConflict;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.TypeMismatchException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import org.springframework.web.util.DisconnectedClientHelper;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/// Turns whatever a controller throws into problem details (RFC 9457).
@RestControllerAdvice
class Problems extends ResponseEntityExceptionHandler {

    private static final Logger log = LoggerFactory.getLogger(Problems.class);

    @ExceptionHandler
    ProblemDetail badRequest(BadRequest e) {
        return withErrors(HttpStatus.BAD_REQUEST, message(e), e.field());
    }

    @ExceptionHandler
    ProblemDetail unknownProject(UnknownProject e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, message(e));
    }

    @ExceptionHandler
    ProblemDetail notFound(NotFound e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, message(e));
    }

    @ExceptionHandler
    ProblemDetail noSource(SourceUnavailable e) {
        return withErrors(HttpStatus.BAD_REQUEST, message(e), "location");
    }

    @ExceptionHandler
    ProblemDetail conflict(RunConflict e) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(HttpStatus.CONFLICT, message(e));
        if (e.runId() != null) {
            problem.setProperty("runId", e.runId());
            problem.setProperty("run", "/actuator/runs/" + e.runId());
        }
        return problem;
    }

    @ExceptionHandler
    ProblemDetail setConflict(SetConflict e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.CONFLICT, message(e));
    }

    @ExceptionHandler
    ProblemDetail badParameter(InvalidParameter e) {
        return withErrors(HttpStatus.BAD_REQUEST, message(e), e.parameter());
    }

    @ExceptionHandler
    ProblemDetail unknownJob(UnknownJob e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, message(e) + ": GET /actuator/jobs lists them");
    }

    @ExceptionHandler
    ProblemDetail unknownRun(UnknownRun e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, message(e));
    }

    @ExceptionHandler
    ProblemDetail unknownPlan(UnknownPlan e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, message(e));
    }

    @ExceptionHandler
    ProblemDetail forbidden(AccessDeniedException e) {
        return ProblemDetail.forStatusAndDetail(HttpStatus.FORBIDDEN, message(e));
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleTypeMismatch(
            TypeMismatchException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        String name = e.getPropertyName() == null ? "a parameter" : e.getPropertyName();
        ProblemDetail problem = withErrors(
                HttpStatus.BAD_REQUEST, name + " is \"" + e.getValue() + "\"" + expected(e.getRequiredType()), name);
        return handleExceptionInternal(e, problem, headers, HttpStatus.BAD_REQUEST, request);
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleNoResourceFoundException(
            NoResourceFoundException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(
                HttpStatus.NOT_FOUND,
                "there is nothing at /" + e.getResourcePath() + ": /v3/api-docs lists what there is");
        return handleExceptionInternal(e, problem, headers, HttpStatus.NOT_FOUND, request);
    }

    /// A request edge: the cause is in the log, the caller is told that it is not their fault.
    @ExceptionHandler
    @Nullable
    ResponseEntity<ProblemDetail> unexpected(Exception e) {
        if (DisconnectedClientHelper.isClientDisconnectedException(e)) {
            // Nobody is left to be told.
            return null;
        }
        if (Unavailable.means(e)) {
            log.warn("a request was answered with 503: {}", e.getMessage());
            return ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
                    .header(HttpHeaders.RETRY_AFTER, Unavailable.RETRY_AFTER_SECONDS)
                    .body(ProblemDetail.forStatusAndDetail(HttpStatus.SERVICE_UNAVAILABLE, Unavailable.DETAIL));
        }
        log.error("a request failed", e);
        return ResponseEntity.internalServerError()
                .body(ProblemDetail.forStatusAndDetail(
                        HttpStatus.INTERNAL_SERVER_ERROR, "the server failed; its log says why"));
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(
            HttpMessageNotReadableException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        ProblemDetail problem = switch (e.getCause()) {
            case UnrecognizedPropertyException unknown ->
                withErrors(
                        HttpStatus.BAD_REQUEST,
                        "unknown property \"" + unknown.getPropertyName() + "\": known are "
                                + known(unknown.getKnownPropertyIds()),
                        path(unknown));
            case MismatchedInputException mismatch ->
                withErrors(
                        HttpStatus.BAD_REQUEST,
                        path(mismatch).isEmpty()
                                ? "the body does not fit: send a JSON object as the API description says"
                                : "\"" + path(mismatch) + "\" has the wrong type" + expected(mismatch.getTargetType()),
                        path(mismatch));
            case StreamReadException malformed ->
                ProblemDetail.forStatusAndDetail(
                        HttpStatus.BAD_REQUEST,
                        "the body is no valid JSON, line "
                                + malformed.getLocation().getLineNr() + " column "
                                + malformed.getLocation().getColumnNr());
            case null, default ->
                ProblemDetail.forStatusAndDetail(
                        HttpStatus.BAD_REQUEST, "the body is missing or cannot be read: send a JSON object");
        };
        return handleExceptionInternal(e, problem, headers, HttpStatus.BAD_REQUEST, request);
    }

    private static String expected(@Nullable Class<?> type) {
        if (type == null) {
            return "";
        }
        return ": must be "
                + switch (type.getSimpleName()) {
                    case "Integer", "Long", "int", "long" -> "a whole number";
                    case "Boolean", "boolean" -> "true or false";
                    case "String" -> "text";
                    case "List" -> "a list";
                    default -> "an object";
                };
    }

    private static String known(@Nullable Collection<Object> names) {
        return names == null
                ? "none"
                : names.stream().map(String::valueOf).sorted().collect(Collectors.joining(", "));
    }

    private static String path(JacksonException e) {
        return e.getPath().stream()
                .map(part -> part.getPropertyName() == null ? "[" + part.getIndex() + "]" : part.getPropertyName())
                .collect(Collectors.joining("."))
                .replace(".[", "[");
    }

    private static ProblemDetail withErrors(HttpStatus status, String detail, String field) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        problem.setProperty("errors", List.of(Map.of("field", field, "detail", detail)));
        return problem;
    }

    private static String message(Exception e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}

package dev.tidemill.admin.cli;

/// The server refused a request.
final class ApiProblem extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int status;

    ApiProblem(int status, String detail) {
        super(detail);
        this.status = status;
    }

    int exitCode() {
        return switch (status) {
            case 400, 413, 415 -> ExitCode.USAGE;
            case 401, 403 -> ExitCode.AUTH;
            case 404 -> ExitCode.NOT_FOUND;
            case 409 -> ExitCode.CONFLICT;
            default -> ExitCode.ERROR;
        };
    }
}

<?php
// A small application with one entrance: every path that is no file comes here.
declare(strict_types=1);

require dirname(__DIR__) . '/src/notes.php';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header('Content-Type: application/json');
session_start();
switch ($path) {
    case '/':
        $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
        echo json_encode(['release' => release(), 'visits' => $_SESSION['visits']]);
        break;
    case '/settings':
        // The secret itself is never shown, only what proves that it is known.
        $token = getenv('API_TOKEN');
        echo json_encode(['greeting' => getenv('GREETING'), 'token' => $token === false ? null : hash('sha256', $token)]);
        break;
    case '/request':
        $told = ['HTTPS', 'REQUEST_SCHEME', 'SERVER_PORT', 'REMOTE_ADDR', 'HTTP_HOST', 'SCRIPT_NAME', 'PATH_INFO'];
        echo json_encode(array_intersect_key($_SERVER, array_flip($told)));
        break;
    case '/runs':
        echo json_encode(lines('runs.log'));
        break;
    case '/migrations':
        echo json_encode(lines('migrations.log'));
        break;
    default:
        http_response_code(404);
        echo json_encode(['nothing' => $path]);
}

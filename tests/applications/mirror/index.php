<?php
// Shows what Apache and PHP make of a request: one page for the tests of the web role.
declare(strict_types=1);

$show = $_GET['show'] ?? 'server';
header('Content-Type: application/json');
switch ($show) {
    case 'server':
        echo json_encode(['user' => posix_getpwuid(posix_geteuid())['name'], 'path_info' => $_SERVER['PATH_INFO'] ?? null] + $_SERVER);
        break;
    case 'ini':
        echo json_encode(['version' => PHP_VERSION, 'starts_programs' => function_exists('exec'), 'extensions' => array_map('strtolower', get_loaded_extensions())] + ini_get_all(null, false));
        break;
    case 'session':
        session_start();
        $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
        echo json_encode(['visits' => $_SESSION['visits'], 'machine' => gethostname()]);
        break;
    case 'upload':
        $file = $_FILES['file'];
        echo json_encode([
            'error' => $file['error'],
            'sha256' => $file['error'] === UPLOAD_ERR_OK ? hash_file('sha256', $file['tmp_name']) : null,
            'field' => $_POST['field'] ?? null,
        ]);
        break;
    case 'headers':
        header('X-Frame-Options: DENY');
        header("Content-Security-Policy: default-src 'none'");
        header('Strict-Transport-Security: max-age=1');
        http_response_code((int) ($_GET['status'] ?? 200));
        echo '{}';
        break;
    case 'write':
        // What PHP may write in, below the release and on the machine.
        $tried = [__DIR__ . '/new', '/srv/site/new', '/etc/new', '/var/www/new'];
        echo json_encode(array_values(array_filter($tried, fn ($path) => @file_put_contents($path, 'x') !== false)));
        break;
}

<?php
// Shows what the owner's variables have made of its surroundings.
declare(strict_types=1);

header('Content-Type: application/json');
header('Cache-Control: no-store');
echo json_encode([
    'application' => 'live',
    'root' => basename($_SERVER['DOCUMENT_ROOT']),
    'greeting' => getenv('GREETING'),
    'token' => is_string(getenv('TOKEN')) ? hash('sha256', getenv('TOKEN')) : null,
    'memory_limit' => ini_get('memory_limit'),
    'sessions' => ini_get('session.save_path'),
    'uploads' => is_link(__DIR__ . '/uploads') ? 'shared' : 'in the release',
]);

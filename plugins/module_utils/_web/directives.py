# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Every setting that PHP knows, by the extension that it belongs to; that of PHP itself has no name.

It is what `ini_get_all()` told of PHP 8.2 with all of Debian's extensions, and what 8.3 to 8.5 have added
(https://www.php.net/manual/en/ini.list.php).
"""

from __future__ import annotations

import typing as t

_NAMES: t.Final[t.Mapping[str, str]] = {
    "": """
        SMTP allow_url_fopen allow_url_include arg_separator.input arg_separator.output assert.active assert.bail
        assert.callback assert.exception assert.warning auto_append_file auto_detect_line_endings auto_globals_jit
        auto_prepend_file browscap cli.pager cli.prompt date.default_latitude date.default_longitude
        date.sunrise_zenith date.sunset_zenith date.timezone default_charset default_mimetype default_socket_timeout
        disable_classes disable_functions display_errors display_startup_errors doc_root docref_ext docref_root
        enable_dl enable_post_data_reading error_append_string error_log error_log_mode error_prepend_string
        error_reporting exif.decode_jis_intel exif.decode_jis_motorola exif.decode_unicode_intel
        exif.decode_unicode_motorola exif.encode_jis exif.encode_unicode expose_php extension_dir
        fatal_error_backtraces ffi.enable ffi.preload fiber.stack_size file_uploads filter.default
        filter.default_flags from hard_timeout highlight.comment highlight.default highlight.html highlight.keyword
        highlight.string html_errors iconv.input_encoding iconv.internal_encoding iconv.output_encoding
        ignore_repeated_errors ignore_repeated_source ignore_user_abort implicit_flush include_path input_encoding
        internal_encoding log_errors mail.add_x_header mail.force_extra_parameters mail.log mail.mixed_lf_and_crlf
        max_execution_time max_file_uploads max_input_nesting_level max_input_time max_input_vars max_memory_limit
        max_multipart_body_parts memory_limit open_basedir openssl.cafile openssl.capath output_buffering
        output_encoding output_handler pcre.backtrack_limit pcre.jit pcre.recursion_limit phar.cache_list
        phar.readonly phar.require_hash post_max_size precision realpath_cache_size realpath_cache_ttl
        register_argc_argv report_memleaks report_zend_debug request_order sendmail_from sendmail_path
        serialize_precision session.auto_start session.cache_expire session.cache_limiter session.cookie_domain
        session.cookie_httponly session.cookie_lifetime session.cookie_path session.cookie_samesite
        session.cookie_secure session.gc_divisor session.gc_maxlifetime session.gc_probability session.lazy_write
        session.name session.referer_check session.save_handler session.save_path session.serialize_handler
        session.sid_bits_per_character session.sid_length session.trans_sid_hosts session.trans_sid_tags
        session.upload_progress.cleanup session.upload_progress.enabled session.upload_progress.freq
        session.upload_progress.min_freq session.upload_progress.name session.upload_progress.prefix
        session.use_cookies session.use_only_cookies session.use_strict_mode session.use_trans_sid short_open_tag
        smtp_port sys_temp_dir syslog.facility syslog.filter syslog.ident unserialize_callback_func
        unserialize_max_depth upload_max_filesize upload_tmp_dir url_rewriter.hosts url_rewriter.tags user_agent
        user_dir user_ini.cache_ttl user_ini.filename variables_order xmlrpc_error_number xmlrpc_errors
        zend.assertions zend.detect_unicode zend.enable_gc zend.exception_ignore_args
        zend.exception_string_param_max_len zend.max_allowed_stack_size zend.multibyte zend.reserved_stack_size
        zend.script_encoding zend.signal_check zlib.output_compression zlib.output_compression_level
        zlib.output_handler
    """,
    "amqp": """
        amqp.auto_ack amqp.cacert amqp.cert amqp.channel_max amqp.connect_timeout amqp.frame_max
        amqp.global_prefetch_count amqp.global_prefetch_size amqp.heartbeat amqp.host amqp.key amqp.login
        amqp.password amqp.port amqp.prefetch_count amqp.prefetch_size amqp.read_timeout amqp.rpc_timeout
        amqp.sasl_method amqp.timeout amqp.verify amqp.vhost amqp.write_timeout
    """,
    "apcu": """
        apc.coredump_unmap apc.enable_cli apc.enabled apc.entries_hint apc.gc_ttl apc.mmap_file_mask
        apc.preload_path apc.serializer apc.shm_segments apc.shm_size apc.slam_defense apc.smart apc.ttl
        apc.use_request_time
    """,
    "bcmath": """
        bcmath.scale
    """,
    "curl": """
        curl.cainfo
    """,
    "dba": """
        dba.default_handler
    """,
    "gd": """
        gd.jpeg_ignore_warning
    """,
    "igbinary": """
        igbinary.compact_strings
    """,
    "imagick": """
        imagick.allow_zero_dimension_images imagick.locale_fix imagick.progress_monitor imagick.set_single_thread
        imagick.shutdown_sleep_count imagick.skip_version_check
    """,
    "imap": """
        imap.enable_insecure_rsh
    """,
    "intl": """
        intl.default_locale intl.error_level intl.use_exceptions
    """,
    "ldap": """
        ldap.max_links
    """,
    "mailparse": """
        mailparse.def_charset
    """,
    "mbstring": """
        mbstring.detect_order mbstring.encoding_translation mbstring.http_input mbstring.http_output
        mbstring.http_output_conv_mimetypes mbstring.internal_encoding mbstring.language mbstring.regex_retry_limit
        mbstring.regex_stack_limit mbstring.strict_detection mbstring.substitute_character
    """,
    "memcached": """
        memcached.compression_factor memcached.compression_threshold memcached.compression_type
        memcached.default_binary_protocol memcached.default_connect_timeout memcached.default_consistent_hash
        memcached.serializer memcached.sess_binary_protocol memcached.sess_connect_timeout
        memcached.sess_consistent_hash memcached.sess_consistent_hash_type memcached.sess_lock_expire
        memcached.sess_lock_max_wait memcached.sess_lock_retries memcached.sess_lock_wait
        memcached.sess_lock_wait_max memcached.sess_lock_wait_min memcached.sess_locking
        memcached.sess_number_of_replicas memcached.sess_persistent memcached.sess_prefix
        memcached.sess_randomize_replica_read memcached.sess_remove_failed_servers memcached.sess_sasl_password
        memcached.sess_sasl_username memcached.sess_server_failure_limit memcached.store_retry_count
    """,
    "mongodb": """
        mongodb.debug
    """,
    "msgpack": """
        msgpack.error_display msgpack.illegal_key_insert msgpack.php_only msgpack.use_str8_serialization
    """,
    "mysqli": """
        mysqli.allow_local_infile mysqli.allow_persistent mysqli.default_host mysqli.default_port mysqli.default_pw
        mysqli.default_socket mysqli.default_user mysqli.local_infile_directory mysqli.max_links
        mysqli.max_persistent mysqli.rollback_on_cached_plink
    """,
    "mysqlnd": """
        mysqlnd.collect_memory_statistics mysqlnd.collect_statistics mysqlnd.debug mysqlnd.log_mask
        mysqlnd.mempool_default_size mysqlnd.net_cmd_buffer_size mysqlnd.net_read_buffer_size
        mysqlnd.net_read_timeout mysqlnd.sha256_server_public_key mysqlnd.trace_alloc
    """,
    "odbc": """
        odbc.allow_persistent odbc.check_persistent odbc.default_cursortype odbc.default_db odbc.default_pw
        odbc.default_user odbc.defaultbinmode odbc.defaultlrl odbc.max_links odbc.max_persistent
    """,
    "opcache": """
        opcache.blacklist_filename opcache.consistency_checks opcache.dups_fix opcache.enable opcache.enable_cli
        opcache.enable_file_override opcache.error_log opcache.file_cache opcache.file_cache_consistency_checks
        opcache.file_cache_only opcache.file_cache_read_only opcache.file_update_protection
        opcache.force_restart_timeout opcache.huge_code_pages opcache.interned_strings_buffer opcache.jit
        opcache.jit_bisect_limit opcache.jit_blacklist_root_trace opcache.jit_blacklist_side_trace
        opcache.jit_buffer_size opcache.jit_debug opcache.jit_hot_func opcache.jit_hot_loop opcache.jit_hot_return
        opcache.jit_hot_side_exit opcache.jit_max_exit_counters opcache.jit_max_loop_unrolls
        opcache.jit_max_polymorphic_calls opcache.jit_max_recursive_calls opcache.jit_max_recursive_returns
        opcache.jit_max_root_traces opcache.jit_max_side_traces opcache.jit_max_trace_length
        opcache.jit_prof_threshold opcache.lockfile_path opcache.log_verbosity_level opcache.max_accelerated_files
        opcache.max_file_size opcache.max_wasted_percentage opcache.memory_consumption opcache.opt_debug_level
        opcache.optimization_level opcache.preferred_memory_model opcache.preload opcache.preload_user
        opcache.protect_memory opcache.record_warnings opcache.restrict_api opcache.revalidate_freq
        opcache.revalidate_path opcache.save_comments opcache.use_cwd opcache.validate_permission
        opcache.validate_root opcache.validate_timestamps
    """,
    "pcov": """
        pcov.directory pcov.enabled pcov.exclude pcov.initial.files pcov.initial.memory
    """,
    "pdo_mysql": """
        pdo_mysql.default_socket
    """,
    "pgsql": """
        pgsql.allow_persistent pgsql.auto_reset_persistent pgsql.ignore_notice pgsql.log_notice pgsql.max_links
        pgsql.max_persistent
    """,
    "redis": """
        redis.arrays.algorithm redis.arrays.auth redis.arrays.autorehash redis.arrays.connecttimeout
        redis.arrays.consistent redis.arrays.distributor redis.arrays.functions redis.arrays.hosts
        redis.arrays.index redis.arrays.lazyconnect redis.arrays.names redis.arrays.pconnect redis.arrays.previous
        redis.arrays.readtimeout redis.arrays.retryinterval redis.clusters.auth redis.clusters.cache_slots
        redis.clusters.persistent redis.clusters.read_timeout redis.clusters.seeds redis.clusters.timeout
        redis.pconnect.connection_limit redis.pconnect.echo_check_liveness redis.pconnect.pool_detect_dirty
        redis.pconnect.pool_pattern redis.pconnect.pool_poll_timeout redis.pconnect.pooling_enabled
        redis.session.lock_expire redis.session.lock_retries redis.session.lock_wait_time
        redis.session.locking_enabled
    """,
    "soap": """
        soap.wsdl_cache soap.wsdl_cache_dir soap.wsdl_cache_enabled soap.wsdl_cache_limit soap.wsdl_cache_ttl
    """,
    "sqlite3": """
        sqlite3.defensive sqlite3.extension_dir
    """,
    "sysvshm": """
    """,
    "tidy": """
        tidy.clean_output tidy.default_config
    """,
    "uploadprogress": """
        uploadprogress.file.contents_template uploadprogress.file.filename_template uploadprogress.get_contents
    """,
    "xdebug": """
        xdebug.auto_trace xdebug.cli_color xdebug.client_discovery_header xdebug.client_host xdebug.client_port
        xdebug.cloud_id xdebug.collect_assignments xdebug.collect_includes xdebug.collect_params
        xdebug.collect_return xdebug.collect_vars xdebug.connect_timeout_ms xdebug.coverage_enable
        xdebug.default_enable xdebug.discover_client_host xdebug.dump.COOKIE xdebug.dump.ENV xdebug.dump.FILES
        xdebug.dump.GET xdebug.dump.POST xdebug.dump.REQUEST xdebug.dump.SERVER xdebug.dump.SESSION
        xdebug.dump_globals xdebug.dump_once xdebug.dump_undefined xdebug.file_link_format xdebug.filename_format
        xdebug.force_display_errors xdebug.force_error_reporting xdebug.gc_stats_enable xdebug.gc_stats_output_dir
        xdebug.gc_stats_output_name xdebug.halt_level xdebug.idekey xdebug.log xdebug.log_level
        xdebug.max_nesting_level xdebug.max_stack_frames xdebug.mode xdebug.output_dir xdebug.overload_var_dump
        xdebug.profiler_append xdebug.profiler_enable xdebug.profiler_enable_trigger
        xdebug.profiler_enable_trigger_value xdebug.profiler_output_dir xdebug.profiler_output_name
        xdebug.remote_autostart xdebug.remote_connect_back xdebug.remote_enable xdebug.remote_host xdebug.remote_log
        xdebug.remote_log_level xdebug.remote_mode xdebug.remote_port xdebug.remote_timeout xdebug.scream
        xdebug.show_error_trace xdebug.show_exception_trace xdebug.show_local_vars xdebug.show_mem_delta
        xdebug.start_upon_error xdebug.start_with_request xdebug.trace_enable_trigger
        xdebug.trace_enable_trigger_value xdebug.trace_format xdebug.trace_options xdebug.trace_output_dir
        xdebug.trace_output_name xdebug.trigger_value xdebug.use_compression xdebug.var_display_max_children
        xdebug.var_display_max_data xdebug.var_display_max_depth
    """,
    "yaml": """
        yaml.decode_binary yaml.decode_php yaml.decode_timestamp yaml.output_canonical yaml.output_indent
        yaml.output_width
    """,
}

DIRECTIVES: t.Final[t.Mapping[str, str]] = {
    name: extension for extension, names in _NAMES.items() for name in names.split()
}
"""Name of a setting to its extension."""

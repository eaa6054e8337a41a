#!/usr/bin/perl
# kyc-sandbox, kira: logins and their end, idempotency keys, the members of a user, updates, look-ups.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use KycTest;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep);

my $json = JSON::PP->new->utf8->canonical;
my $uuid = qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

sub counts { return sandbox_counts($_[0])->{kira}; }
sub create { my ($sb, $body, %option) = @_; return kira_request($sb, 'POST', '/v1/users', $body, %option); }

# STATUS CODE PATH of the first detail
sub fault_of
{
    my ($answer) = @_;
    my $first = ref $answer->{json}{details} ? $answer->{json}{details}[0] : {};
    return join ' ', $answer->{status}, grep { defined && length } @$first{qw(code path)};
}

subtest 'logins' => sub {
    my $sb = sandbox_start('--token-life', '2s');
    my $login = sandbox_login($sb, 'kira');
    my %key = ('x-api-key' => $login->{api_key});
    my %who = (client_id => $login->{client_id}, password => $login->{password});
    my $auth = sub { my ($body, %headers) = @_; plain_request($sb, 'POST', '/kira/auth', $body, headers => \%headers) };
    my $answer = $auth->(\%who, %key);
    is $answer->{status}, 200, 'a login is 200';
    is_deeply [@{$answer->{json}{data}}{qw(expires_in token_type)}], [2, 'Bearer'], 'and how long it is valid';
    my $token = $answer->{json}{data}{access_token};
    is create($sb, kira_body('c-1'), token => $token)->{status}, 201, 'its token makes users';
    is $auth->({%who, password => 'x'}, %key)->{status}, 401, 'a wrong password is 401';
    is $auth->({%who, client_id => 'x'}, %key)->{status}, 401, 'a wrong client is 401';
    is $auth->({%who, more => 'x'}, %key)->{status}, 400, 'an unknown member is 400';
    for my $headers ({}, {'x-api-key' => 'x'}) {
        $answer = $auth->(\%who, %$headers);
        is $answer->{status}, 403, 'without the right x-api-key the gateway says 403';
        is_deeply $answer->{json}, {message => 'Forbidden'}, 'in its own words';
        is $answer->{headers}{'x-amzn-errortype'}, 'ForbiddenException', 'and with its header';
    }
    is create($sb, kira_body('c-2'), token => $token, headers => {'x-api-key' => undef})->{status}, 403, 'for users too';
    is create($sb, kira_body('c-2'), token => 'x')->{status}, 401, 'an unknown token is 401';
    is create($sb, kira_body('c-2'), headers => {Authorization => undef})->{status}, 401, 'no token is 401';
    sleep 2.1;
    $answer = create($sb, kira_body('c-2'), token => $token);
    is "$answer->{status} $answer->{json}{error}", '401 token_expired', 'a token ends with its time';
    sandbox_stop($sb);

    $sb = sandbox_start();
    is create($sb, kira_body('c-1'))->{status}, 201, 'a token';
    sandbox_control($sb, 'POST', '/_sandbox/revoke-tokens', '');
    $answer = create($sb, kira_body('c-2'));
    is "$answer->{status} $answer->{json}{error}", '401 token_revoked', 'that is revoked is not good any more';
    is counts($sb)->{complaints}, 0, 'which is nobody\'s fault';
    delete $sb->{kira_token};
    is create($sb, kira_body('c-2'))->{status}, 201, 'a new login is';
    sandbox_faults($sb, 'status-503:x1');
    is $auth->(\%who, %key)->{status}, 503, 'faults strike logins';
    is_deeply [@{counts($sb)}{qw(logins bad_tokens users)}], [2, 1, 2], 'all is counted';
    sandbox_stop($sb);
};

subtest 'idempotency' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--state', "$folder/state");
    my $bytes = $json->encode(kira_body('c-1'));
    my $first = create($sb, $bytes, key => 'k-1');
    is $first->{status}, 201, 'a create is 201';
    like $first->{json}{id}, $uuid, 'its id is a UUID';
    is $first->{json}{metadata}{external_id}, 'c-1', 'the metadata is included';
    like $first->{headers}{'x-amzn-requestid'}, qr/^[0-9a-f]{16}$/, 'the answer has an x-amzn-requestid';
    my $again = create($sb, $bytes, key => 'k-1');
    is $again->{status}, 200, 'the same key and bytes are a replay';
    is $again->{content}, $first->{content}, 'of the first answer, byte for byte';
    $again = create($sb, $bytes . ' ', key => 'k-1');
    is "$again->{status} $again->{json}{error_code}", '409 idempotency_key_reused', 'other bytes are refused';
    is create($sb, $bytes, headers => {'Idempotency-Key' => undef})->{status}, 400, 'a key is required';
    is create($sb, kira_body('c-2', gender => 'x'), key => 'k-2')->{status}, 422, 'what is refused';
    is create($sb, kira_body('c-2'), key => 'k-2')->{status}, 201, 'leaves its key free';
    is counts($sb)->{duplicates}, 0, 'no customer owns two users';
    is kira_request($sb, 'PUT', "/v1/users/$first->{json}{id}", {first_name => 'Ana'})->{status}, 200, 'an update';
    is create($sb, $bytes, key => 'k-1')->{content}, $first->{content}, 'changes nothing in the replay';
    sandbox_kill($sb);

    $sb = sandbox_start('--state', "$folder/state");
    is create($sb, $bytes, key => 'k-1')->{content}, $first->{content}, 'keys outlive kill -9';
    is create($sb, "$bytes ", key => 'k-1')->{status}, 409, 'and so do their bytes';
    my $twin = create($sb, $bytes, key => 'k-9');
    is $twin->{status}, 201, 'another key creates a second user';
    isnt $twin->{json}{id}, $first->{json}{id}, 'with an id of its own';
    is counts($sb)->{duplicates}, 1, 'that is counted';
    is counts($sb)->{replays}, 1, 'as replays are';
    sandbox_stop($sb);

    $sb = sandbox_start('--idempotency-life', '1s');
    create($sb, $bytes, key => 'k-1');
    sleep 1.1;
    is create($sb, $bytes, key => 'k-1')->{status}, 201, 'a key expires: a second user again';
    sandbox_stop($sb);

    $sb = sandbox_start('--latency', '500ms');
    my $token = kira_login($sb);
    my $key;
    for my $try (1 .. 10) {
        $key = "k-$try";
        my $pid = fork;
        if (!$pid) {
            create($sb, $bytes, key => $key, token => $token);
            POSIX::_exit(0);
        }
        sleep 0.02 while counts($sb)->{in_flight} == 0 && waitpid($pid, POSIX::WNOHANG()) == 0;
        $again = create($sb, $bytes, key => $key, token => $token);
        waitpid $pid, 0;
        last if $again->{status} != 200;    # else the first one was done before this one was sent
    }
    is "$again->{status} $again->{json}{error_code}", '409 IDEMPOTENCY_CONFLICT', 'what is being worked on is refused';
    is create($sb, $bytes, key => $key, token => $token)->{status}, 200, 'until it is done';
    sandbox_stop($sb);

    $sb = sandbox_start('--kira-unique', 'external_id');
    create($sb, $bytes, key => 'k-1');
    $again = create($sb, $bytes, key => 'k-2');
    is "$again->{status} $again->{json}{code}", '409 resource_conflict', 'an external_id can be made unique';
    is create($sb, kira_body('c-2', email => 'c-1@example.com'))->{status}, 201, 'an e-mail is shared by families';
    is counts($sb)->{duplicates}, 0, 'and is no duplicate';
    sandbox_stop($sb);
};

subtest 'bodies' => sub {
    my $sb = sandbox_start();
    my %magic = ('image/jpeg' => "\xff\xd8\xff\xe0", 'image/png' => "\x89PNG\r\n\x1a\n", 'application/pdf' => '%PDF-1.7', 'text/html' => '<p>');
    my $file = sub { return "data:$_[0];base64," . encode_base64("$magic{$_[0]} some bytes", '') };
    my $document = sub {
        my ($content, %more) = @_;
        return [{type => 'passport', issuing_country => 'MEX', number => 'G1', expiration => '2030-05-15',
            documents => [{type => 'front', file => $content}], %more}];
    };
    my $number = 0;
    my @good = (
        ['all of the seed page', verification_mode => 'automatic', document_type => 'passport', document_number => 'G1',
            document_country => 'MEX', immigration_status => 'Non-Resident of U.S.', employment_status => 'employed',
            current_employer => 'Self', occupation => 'Software Engineer', pep_status => JSON::PP::false,
            additional_info => {has_us_bank_account => 'no'}],
        ['a JPEG', identifying_information => $document->($file->('image/jpeg'))],
        ['a PNG', identifying_information => $document->($file->('image/png'))],
        ['a PDF', identifying_information => $document->($file->('application/pdf'))],
        ['a file elsewhere', identifying_information => $document->('https://example.com/front.jpg')],
        ['a street of 70', address_street => "\x{e9}" x 70],
    );
    for my $case (@good) {
        my ($sentence, %more) = @$case;
        is create($sb, kira_body('good-' . ++$number, %more))->{status}, 201, "$sentence: 201";
    }
    my $info = 'identifying_information.0';
    my @bad = (
        ['an unknown member', '400 unknown_member nickname', nickname => 'x'],
        ['null', '400 invalid_type middle_name', middle_name => undef],
        ['a business', '422 invalid_option type', type => 'business'],
        ['a country of two letters', '422 invalid_format nationality', nationality => 'MX'],
        ['a country that is none', '422 invalid_format address_country', address_country => 'ZZZ'],
        ['a street of 71', '422 too_long address_street', address_street => 'x' x 71],
        ['a date that is none', '422 invalid_format birth_date', birth_date => '1990-02-30'],
        ['a word that is none', '422 invalid_option source_of_funds', source_of_funds => 'luck'],
        ['yes as text', '400 invalid_type pep_status', pep_status => 'yes'],
        ['a number in the metadata', '400 invalid_type metadata.a', metadata => {a => 1}],
        ['a file without its type', "422 invalid_format $info.documents.0.file",
            identifying_information => $document->('c29tZSBieXRlcw==')],
        ['a file of another type', "422 invalid_format $info.documents.0.file",
            identifying_information => $document->($file->('text/html'))],
        ['a file of bad base64', "422 invalid_format $info.documents.0.file",
            identifying_information => $document->('data:image/png;base64,PLACEHOLDER')],
        ['a path of the client', "422 invalid_format $info.documents.0.file",
            identifying_information => $document->('front.jpg')],
    );
    for my $case (@bad) {
        my ($sentence, $fault, %more) = @$case;
        is fault_of(create($sb, kira_body('bad', %more))), $fault, "$sentence: $fault";
    }
    for my $member (qw(type first_name last_name email)) {
        my $body = kira_body('bad');
        delete $body->{$member};
        is fault_of(create($sb, $body)), "400 required $member", "$member is required";
    }
    is create($sb, kira_body('bad', occupation => 'x' x 10_000_000))->{status}, 413, 'a body over 10 MB is 413';
    is create($sb, kira_body('v', occupation => 'x' x 9_000_000))->{status}, 201, 'one below is fine';
    for my $version (undef, '2026-04-15') {
        is create($sb, kira_body('bad'), headers => {'X-Api-Version' => $version})->{status}, 400, 'the version is required';
    }
    is counts($sb)->{users}, @good + 1, 'nothing was made of what was refused';
    sandbox_stop($sb);
};

subtest 'updates and look-ups' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--state', "$folder/state");
    my $id = create($sb, kira_body('c-1', email => 'family@example.com'))->{json}{id};
    create($sb, kira_body("c-$_", email => 'Family@example.com')) for 2 .. 4;
    create($sb, kira_body('c-5', email => 'a+b@example.com'));
    my $put = sub { kira_request($sb, 'PUT', "/v1/users/$id", @_) };
    my $answer = $put->({last_name => 'Lopez', address_city => 'Puebla'});
    is $answer->{status}, 200, 'an update is 200';
    is_deeply [sort @{$answer->{json}{updated_fields}}], ['last_name', 'residential_address'],
        'and names what it changed, as its answers have it';
    ok !$answer->{json}{requires_reverification}, 'without another verification';
    is "$answer->{json}{id} $answer->{json}{residential_address}{city}", "$id Puebla", 'and shows the user as it is now';
    is $put->({metadata => {external_id => 'c-1', tier => 'b'}})->{status}, 200, 'metadata is replaced as a whole';
    my ($user) = sandbox_users($sb, 'kira');
    is_deeply [@$user{qw(external_id creates updates)}, @{$user->{body}}{qw(last_name first_name)}, $user->{body}{metadata}],
        ['c-1', 1, 2, 'Lopez', 'Maria', {external_id => 'c-1', tier => 'b'}], 'the user is kept with both';
    is fault_of($put->({type => 'individual'})), '400 unknown_member type', 'the type cannot be updated';
    is fault_of($put->({external_id => 'c-1'})), '400 unknown_member external_id', 'nor can the external_id';
    is fault_of($put->({nickname => 'x'})), '400 unknown_member nickname', 'nor what is unknown';
    is fault_of($put->({phone => undef})), '400 invalid_type phone', 'nothing can be cleared';
    is fault_of($put->({})), '400 empty', 'an update changes something';
    $answer = kira_request($sb, 'PATCH', "/v1/users/$id", {first_name => 'Ana'});
    is $answer->{status}, 403, 'PATCH is a misleading 403';
    is $answer->{headers}{'x-amzn-errortype'}, 'MissingAuthenticationTokenException', 'of the gateway';
    is kira_request($sb, 'PUT', '/v1/users/x', {first_name => 'Ana'})->{status}, 404, 'an unknown user is 404';
    sandbox_faults($sb, 'truncate:x2'); # Perl's client repeats PUT and GET once by itself
    is $put->({first_name => 'Ana'})->{status}, 599, 'faults strike updates';

    sandbox_control($sb, 'POST', "/_sandbox/verify/$id", '');
    $answer = $put->({first_name => 'Eva'});
    is "$answer->{status} $answer->{json}{code}", '403 user_verified', 'a verified user takes no update';
    is $answer->{headers}{'x-amzn-errortype'}, undef, 'and it is not an answer of the gateway';
    sandbox_kill($sb);
    $sb = sandbox_start('--state', "$folder/state");
    is $put->({first_name => 'Eva'})->{status}, 403, 'after a restart, too';

    my $list = sub { kira_request($sb, 'GET', "/v1/users?$_[0]") };
    $answer = $list->('email=family%40example.com&limit=100');
    is scalar @{$answer->{json}{data}}, 4, 'users are listed by e-mail, case aside';
    is $answer->{json}{data}[0]{metadata}, undef, 'without their metadata';
    my ($one, $two) = map { $list->("email=family%40example.com&limit=3&offset=$_")->{json} } 0, 3;
    is @{$one->{data}} . ' ' . @{$two->{data}} . " $two->{total}", '3 1 4', 'in pages';
    is scalar @{$list->('email=a%2Bb%40example.com')->{json}{data}}, 1, 'a plus is encoded';
    is scalar @{$list->('created_from=2020-01-01T00:00:00Z')->{json}{data}}, 5, 'or by the time of their creation';
    is scalar @{$list->('created_from=2999-01-01T00:00:00Z')->{json}{data}}, 0, 'which may be later';
    is $list->($_)->{status}, 400, "$_ is 400" for 'limit=101', 'limit=0', 'limit=x', 'offset=-1', 'created_from=today';
    $answer = kira_request($sb, 'GET', "/v1/users/$id");
    is "$answer->{json}{metadata}{external_id} $answer->{json}{verification_status}", 'c-1 verified', 'one is found by its id';
    is $answer->{json}{first_name}, 'Ana', 'as it is now, also after an update whose answer was lost';
    is kira_request($sb, 'GET', '/v1/users/x')->{status}, 404, 'an unknown one is 404';
    is kira_request($sb, 'GET', '/v2/users')->{status}, 403, 'an unknown path is the gateway\'s 403';
    sandbox_faults($sb, 'status-429:x1');
    is $list->('limit=1')->{status}, 429, 'faults strike look-ups';
    sandbox_stop($sb);
};

subtest 'the report of a success in an answer' => sub {
    my $sb = sandbox_start;
    my $id = create($sb, kira_body('c-1', last_name => 'Gonzalez'))->{json}{id};
    my $put = sub { kira_request($sb, 'PUT', "/v1/users/$id", @_)->{json} };
    my %change = (last_name => 'Lopez', phone => '+525555550111');
    sandbox_faults($sb, 'not-taken:x1@update');
    is_deeply $put->(\%change)->{updated_fields}, ['phone'], 'not-taken: the first member is left out';
    my ($user) = sandbox_users($sb, 'kira');
    is "$user->{body}{last_name} $user->{body}{phone}", 'Gonzalez +525555550111', 'and stays as it was';
    is_deeply $put->(\%change)->{updated_fields}, ['last_name'], 'the same again names what it changes now';
    is_deeply $put->(\%change)->{updated_fields}, [], 'and then nothing';
    sandbox_faults($sb, 'warning:x1');
    is_deeply $put->({last_name => 'Mora'})->{warnings}, [{field => 'last_name', message => 'Mora cannot be verified'}],
        'warning: with a warning that quotes a value';
    sandbox_faults($sb, 'warning:x1');
    my $made = create($sb, kira_body('c-2'));
    is "$made->{status} " . @{$made->{json}{warnings}}, '201 1', 'also of a create';
    is_deeply $put->({last_name => 'Mora'})->{warnings}, undef, 'and none without the fault';
    sandbox_stop($sb);
};

done_testing;

// Vendure as its documentation sets it up, on SQLite: nothing in it but the shop and its orders.
// No search index, no mail, no second process for jobs, no wait for the disk: in its favour.
//
// Environment: PORT; FOLDER, for its database and uploads.
'use strict';

const path = require('node:path');
const {
    bootstrap,
    DefaultLogger,
    dummyPaymentHandler,
    LanguageCode,
    LogLevel,
} = require('@vendure/core');
const { populate } = require('@vendure/core/cli');

const folder = process.env.FOLDER;

const config = {
    apiOptions: {
        hostname: '127.0.0.1',
        port: Number(process.env.PORT),
        adminApiPath: 'admin-api',
        shopApiPath: 'shop-api',
    },
    authOptions: {
        tokenMethod: 'bearer',
        superadminCredentials: { identifier: 'admin', password: 'admin' },
    },
    dbConnectionOptions: {
        type: 'better-sqlite3',
        synchronize: true,
        logging: false,
        database: path.join(folder, 'vendure.sqlite'),
        // As OrderHub's local cloud does: what is written outlives the process, and nothing waits
        // for the disk. The default waits for it several times in every call.
        enableWAL: true,
        prepareDatabase: database => database.pragma('synchronous = NORMAL'),
    },
    importExportOptions: { importAssetsDir: folder },
    logger: new DefaultLogger({ level: LogLevel.Warn }),
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    plugins: [],
};

const initialData = {
    defaultLanguage: LanguageCode.en,
    defaultZone: 'Asia',
    countries: [{ name: 'China', code: 'CN', zone: 'Asia' }],
    taxRates: [{ name: 'No tax', percentage: 0 }],
    shippingMethods: [{ name: 'Post', price: 0 }],
    paymentMethods: [
        {
            name: 'Dummy',
            handler: {
                code: dummyPaymentHandler.code,
                arguments: [{ name: 'automaticSettle', value: 'true' }],
            },
        },
    ],
    collections: [],
};

populate(() => bootstrap(config), initialData, path.join(__dirname, 'products.csv'))
    .then(() => process.stdout.write('ready\n'))
    .catch(error => {
        console.error(error);
        process.exit(1);
    });
